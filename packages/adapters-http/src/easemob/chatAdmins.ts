import { limits } from '@recalld/domain';
import type { ChatKey, Cursor, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { groups, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers, textOrEmpty } from './schemas.js';

const newAdmin: JsonSchema = {
  type: 'object',
  description: 'newadmin is required.',
  properties: { newadmin: textOrEmpty() },
};

/** Who besides the owner may recall others' messages. A user's token is good for this when it is the owner's. */
export function chatAdminRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [groups, rooms].flatMap((words) => routesOf(words, deps, replies));
}

function routesOf(words: ChatWords, deps: HttpDeps, replies: Replies): readonly Route[] {
  const { collection, noun, tag } = words;
  const path = `/{org}/{app}/${collection}/{chat}/admin`;
  const row = { tag, auth: 'appOrAnyUser', answers: answers(200, 400, 401, 403, 404) } as const;
  return [
    {
      ...row,
      method: 'GET',
      path,
      operationId: `list${noun}Admins`,
      summary: 'Lists the admins; a member’s token will do',
      handle: (call) => list(words, deps, replies, call),
    },
    {
      ...row,
      method: 'POST',
      path,
      operationId: `add${noun}Admin`,
      summary: 'Makes a member an admin',
      body: newAdmin,
      // The row's schema has been enforced.
      handle: (call) =>
        change(words, deps, replies, call, (call.body as { readonly newadmin?: string | null }).newadmin),
    },
    {
      ...row,
      method: 'DELETE',
      path: `${path}/{username}`,
      operationId: `remove${noun}Admin`,
      summary: 'Makes an admin a member again',
      handle: (call) => change(words, deps, replies, call, param(call, 'username')),
    },
  ];
}

async function list(words: ChatWords, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const key = { kind: words.kind, id: param(call, 'chat') };
  const app = appOf(call).no;
  const [profile] = await deps.storage.chats.find(app, [key]);
  if (profile === undefined) return replies.refused(call, errors.groupNotFound(key.id));
  const { principal } = call;
  if (principal.kind === 'user') {
    const members = await deps.storage.chatReader.membersNow(app, key);
    if (!members.has(principal.user)) return replies.refused(call, errors.notMember(principal.user));
  }
  const data = await adminsOf(deps, app, key);
  return replies.ok(call, { path: `/${words.collection}/admin`, data, more: { count: data.length } });
}

async function adminsOf({ storage }: HttpDeps, app: number, key: ChatKey): Promise<readonly UserId[]> {
  const admins: UserId[] = [];
  let from: Cursor | undefined;
  do {
    const page = await storage.chatReader.members(app, key, from, limits.pageRowsMax);
    admins.push(...page.entities.filter(({ role }) => role === 'admin').map(({ user }) => user));
    from = page.cursor;
  } while (from !== undefined);
  return admins;
}

async function change(
  words: ChatWords,
  deps: HttpDeps,
  replies: Replies,
  call: Call,
  user: string | null | undefined,
): Promise<Answer> {
  if (!user) return replies.refused(call, errors.mustBeProvided('newadmin'));
  if (!isId(user)) return replies.refused(call, errors.invalidBody);
  const key = { kind: words.kind, id: param(call, 'chat') };
  const app = appOf(call).no;
  const [profile] = await deps.storage.chats.find(app, [key]);
  if (profile === undefined) return replies.refused(call, errors.groupNotFound(key.id));
  const { principal } = call;
  if (principal.kind === 'user' && principal.user !== profile.owner) {
    return replies.refused(call, errors.notPermitted);
  }
  const isNew = call.method === 'POST';
  if (!(await deps.storage.chats.changeRole(app, key, user, isNew ? 'admin' : 'member'))) {
    return replies.refused(call, user === profile.owner ? errors.ownerIsNoAdmin : errors.notMember(user));
  }
  const data = { result: 'success', ...(isNew ? { newadmin: user } : { oldadmin: user }) };
  return replies.ok(call, { path: `/${words.collection}/admin`, entities: [], data });
}
