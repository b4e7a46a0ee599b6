import type { AppNo, ChatKey, ChatProfile, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { groups, isPublic, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Users who join and leave by themselves, as the web SDK asks for it: with their own tokens. */
export function chatVisitRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [groups, rooms].flatMap((words): readonly Route[] => {
    const { collection, noun, tag } = words;
    const path = `/{org}/{app}/${collection}/{chat}`;
    const row = { tag, auth: 'appOrAnyUser', answers: answers(200, 401, 403, 404) } as const;
    return [
      {
        ...row,
        method: 'POST',
        path: `${path}/apply`,
        operationId: `join${noun}`,
        summary: 'Joins whom the token speaks for',
        handle: (call) => join(words, deps, replies, call),
      },
      {
        ...row,
        method: 'DELETE',
        path: `${path}/quit`,
        operationId: `quit${noun}`,
        summary: 'Takes out whom the token speaks for',
        handle: (call) => quit(words, deps, replies, call),
      },
    ];
  });
}

/** Whom the token speaks for, and the chat that the path names. */
interface Visit {
  readonly user: UserId;
  readonly app: AppNo;
  readonly key: ChatKey;
  readonly profile: ChatProfile;
}

async function visitOf(words: ChatWords, deps: HttpDeps, call: Call): Promise<Visit | ErrorRow> {
  const { principal } = call;
  if (principal.kind !== 'user') return errors.notPermitted;
  const key = { kind: words.kind, id: param(call, 'chat') };
  const app = appOf(call).no;
  const [profile] = await deps.storage.chats.find(app, [key]);
  return profile === undefined ? errors.groupNotFound(key.id) : { user: principal.user, app, key, profile };
}

async function join(words: ChatWords, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const visit = await visitOf(words, deps, call);
  if ('error' in visit) return replies.refused(call, visit);
  const { user, app, key, profile } = visit;
  const open = words.kind === 'chatroom' || (isPublic(profile) && profile.settings['membersonly'] !== true);
  if (!open) return replies.refused(call, errors.joinNeedsInvitation);
  const added = await deps.storage.chats.addMembers(app, key, [user]);
  if (added === 'unknown') return replies.refused(call, errors.groupNotFound(key.id));
  if (added === 'full') return replies.refused(call, errors.tooManyMembers);
  // Whoever comes into a room twice is in it, as it is with a page that was loaded again.
  if (added.length === 0 && words.kind === 'groupchat') {
    return replies.refused(call, errors.alreadyMember(user, key.id));
  }
  return done(words, replies, call, { action: 'apply', user });
}

async function quit(words: ChatWords, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const visit = await visitOf(words, deps, call);
  if ('error' in visit) return replies.refused(call, visit);
  const { user, app, key, profile } = visit;
  if (profile.owner === user) return replies.refused(call, errors.ownerStays);
  const removed = await deps.storage.chats.removeMembers(app, key, [user]);
  if (removed === 'unknown') return replies.refused(call, errors.groupNotFound(key.id));
  if (removed.length === 0) return replies.refused(call, errors.notMember(user));
  return done(words, replies, call, { action: 'quit', user });
}

function done(words: ChatWords, replies: Replies, call: Call, what: object): Answer {
  const data = { result: true, [words.idField]: param(call, 'chat'), ...what };
  return replies.ok(call, { path: `/${words.collection}`, entities: [], data });
}
