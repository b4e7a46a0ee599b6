import { limits } from '@recalld/domain';
import type { Cursor, Member } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param, queryText } from '../route.js';
import { isId } from '../server/text.js';
import { groups, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { errors } from './errors.js';
import { wholeNumber } from './queries.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Users that one call may add, remove or mute (contract A11). */
export const usersPerCallMax = 60;
const pageSizeDefault = 100;

export const manyUsers: JsonSchema = {
  type: 'object',
  required: ['usernames'],
  properties: {
    usernames: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: usersPerCallMax },
  },
};

/** Who is in groups and rooms. */
export function chatMemberRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [groups, rooms].flatMap((words) => {
    const members = new ChatMembers(words, deps, replies);
    const { collection, noun, tag } = words;
    const row = { tag, auth: 'app', answers: answers(200, 400, 401, 403, 404) } as const;
    const path = `/{org}/{app}/${collection}/{chat}/users`;
    const routes: readonly Route[] = [
      {
        ...row,
        method: 'GET',
        path,
        operationId: `list${noun}Users`,
        summary: 'Lists members, the owner first',
        auth: 'appOrAnyUser',
        query: {
          pagenum: { type: 'integer' },
          pagesize: { type: 'integer', maximum: limits.pageRowsMax },
          cursor: {
            type: 'string',
            description: 'With limit: from cursor to cursor instead, with each role',
          },
          limit: { type: 'integer', maximum: limits.pageRowsMax },
        },
        handle: (call) => members.list(call),
      },
      {
        ...row,
        method: 'POST',
        path,
        operationId: `add${noun}Users`,
        summary: `Adds up to ${usersPerCallMax} users`,
        body: manyUsers,
        handle: (call) => members.addMany(call),
      },
      {
        ...row,
        method: 'POST',
        path: `${path}/{username}`,
        operationId: `add${noun}User`,
        summary: 'Adds a user',
        handle: (call) => members.addOne(call),
      },
      {
        ...row,
        method: 'DELETE',
        path: `${path}/{username}`,
        operationId: `remove${noun}Users`,
        summary: `Removes up to ${usersPerCallMax} users, separated by commas`,
        uncheckedParams: ['username'],
        handle: (call) => members.remove(call),
      },
    ];
    return routes;
  });
}

/** The members of one kind of chat. */
class ChatMembers {
  readonly #words: ChatWords;
  readonly #deps: HttpDeps;
  readonly #replies: Replies;

  constructor(words: ChatWords, deps: HttpDeps, replies: Replies) {
    this.#words = words;
    this.#deps = deps;
    this.#replies = replies;
  }

  async list(call: Call): Promise<Answer> {
    const app = appOf(call).no;
    const key = this.#key(call);
    const [profile] = await this.#deps.storage.chats.find(app, [key]);
    if (profile === undefined) return this.#replies.refused(call, errors.resourceNotFound);
    const { principal } = call;
    if (principal.kind === 'user') {
      const members = await this.#deps.storage.chatReader.membersNow(app, key);
      if (!members.has(principal.user)) {
        return this.#replies.refused(call, errors.notMember(principal.user));
      }
    }
    if (queryText(call, 'limit') !== undefined) return this.#listFrom(call, queryText(call, 'cursor'));
    const size = wholeNumber(queryText(call, 'pagesize') ?? String(pageSizeDefault), limits.pageRowsMax);
    const number = wholeNumber(queryText(call, 'pagenum') ?? '1', profile.membersMax);
    if (size === undefined || number === undefined) return this.#replies.refused(call, errors.invalidRequest);
    const page = await this.#page(call, number, size);
    const data = page.map(({ user, role }) => (role === 'owner' ? { owner: user } : { member: user }));
    return this.#replies.ok(call, { path: this.#path(), data, more: { count: data.length } });
  }

  /** As the web SDK pages: with each member's role, and a cursor while there are more. */
  async #listFrom(call: Call, from: Cursor | undefined): Promise<Answer> {
    const limit = wholeNumber(queryText(call, 'limit') ?? '', limits.pageRowsMax);
    if (limit === undefined) return this.#replies.refused(call, errors.invalidRequest);
    const page = await this.#deps.storage.chatReader.members(appOf(call).no, this.#key(call), from, limit);
    const data = page.entities.map(({ user, role }) => ({ [role]: user }));
    const more = { count: data.length, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
    return this.#replies.ok(call, { path: this.#path(), data, more });
  }

  /** The vendor counts pages, the store goes from cursor to cursor. */
  async #page(call: Call, number: number, size: number): Promise<readonly Member[]> {
    let from: Cursor | undefined;
    for (let page = 1; ; page += 1) {
      const { entities, cursor } = await this.#deps.storage.chatReader.members(
        appOf(call).no,
        this.#key(call),
        from,
        size,
      );
      if (page === number) return entities;
      if (cursor === undefined) return [];
      from = cursor;
    }
  }

  async addOne(call: Call): Promise<Answer> {
    const user = param(call, 'username');
    const key = this.#key(call);
    const added = await this.#deps.storage.chats.addMembers(appOf(call).no, key, [user]);
    if (added === 'unknown') return this.#replies.refused(call, errors.groupNotFound(key.id));
    if (added === 'full') return this.#replies.refused(call, errors.tooManyMembers);
    if (added.length === 0) return this.#replies.refused(call, errors.alreadyMember(user, key.id));
    const data = { result: true, [this.#words.idField]: key.id, action: 'add_member', user };
    return this.#replies.ok(call, { path: this.#path(), data });
  }

  async addMany(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { usernames } = call.body as { readonly usernames: readonly string[] };
    if (!usernames.every(isId)) return this.#replies.refused(call, errors.invalidBody);
    const key = this.#key(call);
    const added = await this.#deps.storage.chats.addMembers(appOf(call).no, key, usernames);
    if (added === 'unknown') return this.#replies.refused(call, errors.groupNotFound(key.id));
    if (added === 'full') return this.#replies.refused(call, errors.tooManyMembers);
    const data = { newmembers: added, [this.#words.idField]: key.id, action: 'add_member' };
    return this.#replies.ok(call, { path: this.#path(), data });
  }

  async remove(call: Call): Promise<Answer> {
    const users = [...new Set(param(call, 'username').split(','))];
    if (users.length > usersPerCallMax || !users.every(isId)) {
      return this.#replies.refused(call, errors.invalidRequest);
    }
    const app = appOf(call).no;
    const key = this.#key(call);
    const [profile] = await this.#deps.storage.chats.find(app, [key]);
    const removed = await this.#deps.storage.chats.removeMembers(app, key, users);
    if (profile === undefined || removed === 'unknown') {
      return this.#replies.refused(call, errors.groupNotFound(key.id));
    }
    const results = users.map((user) => {
      const done = { [this.#words.idField]: key.id, action: 'remove_member', user };
      if (removed.includes(user)) return { result: true, ...done };
      const row = user === profile.owner ? errors.ownerStays : errors.notMember(user);
      return { result: false, ...done, reason: row.description, row };
    });
    return this.#answerRemoval(call, results);
  }

  /** One user: the result itself, or its refusal. Several: a list of results. */
  #answerRemoval(call: Call, results: readonly RemovalResult[]): Answer {
    const [only] = results;
    if (results.length === 1 && only?.row !== undefined) return this.#replies.refused(call, only.row);
    const shown = results.map(({ row: _, ...result }) => result);
    return this.#replies.ok(call, { path: this.#path(), data: shown.length === 1 ? shown[0] : shown });
  }

  #key(call: Call) {
    return { kind: this.#words.kind, id: param(call, 'chat') };
  }

  #path(): string {
    return `/${this.#words.collection}/users`;
  }
}

interface RemovalResult {
  readonly result: boolean;
  readonly row?: (typeof errors)['ownerStays'];
}
