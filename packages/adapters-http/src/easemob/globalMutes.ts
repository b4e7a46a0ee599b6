import { binds } from '@recalld/domain';
import type { ChatKind, Instant, Restraint, RestraintScope } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers, textOrEmpty } from './schemas.js';

const kinds: readonly ChatKind[] = ['chat', 'groupchat', 'chatroom'];
const secondsMax = 2_147_483_647;

const seconds: JsonSchema = {
  type: ['integer', 'null'],
  minimum: -1,
  maximum: secondsMax,
  description: 'Seconds; -1: for ever; 0 ends it; left out: stays as it is',
};

const newMute: JsonSchema = {
  type: 'object',
  description: 'username is required.',
  properties: { username: textOrEmpty(), chat: seconds, groupchat: seconds, chatroom: seconds },
};

/** What fits {@link newMute}. */
type NewMute = { readonly username?: string | null } & { readonly [Kind in ChatKind]?: number | null };

/** Whose clients may not send to anybody, kind of chat by kind of chat. */
export function globalMuteRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const { clock } = deps;
  const { restraints } = deps.storage;

  async function change(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { username, ...asked } = call.body as NewMute;
    if (!username) return replies.refused(call, errors.mustBeProvided('username'));
    if (!isId(username)) return replies.refused(call, errors.invalidBody);
    const app = appOf(call).no;
    const now = clock.now();
    for (const kind of kinds) {
      const length = asked[kind] ?? undefined;
      if (length === undefined) continue;
      if (length === 0) await restraints.lift(app, scopeOf(kind), [username]);
      else {
        const until = length === -1 ? null : now + length * 1_000;
        await restraints.impose(app, scopeOf(kind), [username], { until, now, most: null });
      }
    }
    return replies.ok(call, { path: '/mutes', data: { result: 'ok' } });
  }

  async function get(call: Call): Promise<Answer> {
    const { no, org, name } = appOf(call);
    const user = param(call, 'username');
    const now = clock.now();
    const found = await restraints.find(no, kinds.map(scopeOf), user);
    const left = Object.fromEntries(kinds.map((kind, index) => [kind, secondsLeft(found[index], now)]));
    const data = { userid: `${org}#${name}_${user}`, ...left, unixtime: Math.floor(now / 1_000) };
    return replies.ok(call, { path: '/mutes', data });
  }

  const row = { tag: 'Users', auth: 'app', answers: answers(200, 400, 401, 404) } as const;
  return [
    {
      ...row,
      method: 'POST',
      path: '/{org}/{app}/mutes',
      operationId: 'muteUser',
      summary: 'Mutes a user in all chats of a kind',
      body: newMute,
      handle: change,
    },
    {
      ...row,
      method: 'GET',
      path: '/{org}/{app}/mutes/{username}',
      operationId: 'getUserMutes',
      summary: 'Shows for how many seconds a user is muted; -1: for ever',
      handle: get,
    },
  ];
}

function scopeOf(kind: ChatKind): RestraintScope {
  return { by: 'app', kind };
}

function secondsLeft(restraint: Restraint | undefined, now: Instant): number {
  if (restraint === undefined || !binds(restraint, now)) return 0;
  return restraint.until === null ? -1 : Math.ceil((restraint.until - now) / 1_000);
}
