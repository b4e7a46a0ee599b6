import { limits } from '@recalld/domain';
import type { Instant, RestraintScope, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { groups, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { manyUsers, usersPerCallMax } from './chatMembers.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** What the vendor's answers say of a mute without an end: the first of January 2117 in China. */
const foreverMs = 4_638_873_600_000;

const newMute: JsonSchema = {
  type: 'object',
  required: ['usernames', 'mute_duration'],
  properties: {
    usernames: (manyUsers['properties'] as { readonly usernames: JsonSchema }).usernames,
    mute_duration: { type: 'integer', description: 'Milliseconds; -1: for ever' },
  },
};

/** Whose clients may not send to a group or room. A user's token is good for this when it is the owner's. */
export function chatMuteRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [groups, rooms].flatMap((words) => {
    const mutes = new ChatMutes(words, deps, replies);
    const { collection, noun, tag } = words;
    const row = { tag, auth: 'appOrAnyUser', answers: answers(200, 400, 401, 403, 404) } as const;
    const path = `/{org}/{app}/${collection}/{chat}/mute`;
    const routes: readonly Route[] = [
      {
        ...row,
        method: 'GET',
        path,
        operationId: `list${noun}Mutes`,
        summary: 'Lists who is muted, and until when',
        handle: (call) => mutes.list(call),
      },
      {
        ...row,
        method: 'POST',
        path,
        operationId: `mute${noun}Users`,
        summary: `Mutes up to ${usersPerCallMax} members, whatever their roles; ${limits.mutedMembersMax} at a time`,
        body: newMute,
        handle: (call) => mutes.mute(call),
      },
      {
        ...row,
        method: 'DELETE',
        path: `${path}/{username}`,
        operationId: `unmute${noun}Users`,
        summary: `Ends the mutes of up to ${usersPerCallMax} users, separated by commas`,
        uncheckedParams: ['username'],
        handle: (call) => mutes.unmute(call),
      },
    ];
    return routes;
  });
}

/** The mutes in one kind of chat. */
class ChatMutes {
  readonly #words: ChatWords;
  readonly #deps: HttpDeps;
  readonly #replies: Replies;

  constructor(words: ChatWords, deps: HttpDeps, replies: Replies) {
    this.#words = words;
    this.#deps = deps;
    this.#replies = replies;
  }

  async list(call: Call): Promise<Answer> {
    const refusal = await this.#refusalOf(call);
    if (refusal !== undefined) return this.#replies.refused(call, refusal);
    const { storage, clock } = this.#deps;
    const muted = await storage.restraints.list(appOf(call).no, this.#scope(call), clock.now());
    const data = muted.map(({ user, until }) => ({ expire: until ?? foreverMs, user }));
    return this.#done(call, data);
  }

  async mute(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { usernames, mute_duration: duration } = call.body as {
      readonly usernames: readonly UserId[];
      readonly mute_duration: number;
    };
    const refusal = await this.#refusalOf(call);
    if (refusal !== undefined) return this.#replies.refused(call, refusal);
    if (duration < 1 && duration !== -1) {
      return this.#replies.refused(call, errors.fieldNotLegal('mute_duration'));
    }
    const app = appOf(call).no;
    const { storage, clock } = this.#deps;
    const members = await storage.chatReader.membersNow(app, this.#key(call));
    const stranger = usernames.find((user) => !members.has(user));
    if (stranger !== undefined) return this.#replies.refused(call, errors.notMember(stranger));
    const now = clock.now();
    const until = endOf(duration, now);
    const how = { until, now, most: limits.mutedMembersMax };
    const done = await storage.restraints.impose(app, this.#scope(call), usernames, how);
    if (done === 'full') return this.#replies.refused(call, errors.muteListFull);
    const data = usernames.map((user) => ({ result: true, expire: until ?? foreverMs, user }));
    return this.#done(call, data);
  }

  async unmute(call: Call): Promise<Answer> {
    const users = [...new Set(param(call, 'username').split(','))];
    if (users.length > usersPerCallMax || !users.every(isId)) {
      return this.#replies.refused(call, errors.invalidRequest);
    }
    const refusal = await this.#refusalOf(call);
    if (refusal !== undefined) return this.#replies.refused(call, refusal);
    await this.#deps.storage.restraints.lift(appOf(call).no, this.#scope(call), users);
    const data = users.map((user) => ({ result: true, user }));
    return this.#done(call, data);
  }

  async #refusalOf(call: Call): Promise<ErrorRow | undefined> {
    const key = this.#key(call);
    const [profile] = await this.#deps.storage.chats.find(appOf(call).no, [key]);
    if (profile === undefined) return errors.groupNotFound(key.id);
    const { principal } = call;
    return principal.kind === 'user' && principal.user !== profile.owner ? errors.notPermitted : undefined;
  }

  #done(call: Call, data: readonly object[]): Answer {
    return this.#replies.ok(call, { path: `/${this.#words.collection}/mute`, entities: [], data });
  }

  #key(call: Call) {
    return { kind: this.#words.kind, id: param(call, 'chat') };
  }

  #scope(call: Call): RestraintScope {
    return { by: 'chat', chat: this.#key(call) };
  }
}

/** An end that the vendor's answers cannot tell from none is none. */
function endOf(duration: number, now: Instant): Instant | null {
  return duration === -1 || now + duration >= foreverMs ? null : now + duration;
}
