import { isMsgId, limits, submitOne } from '@recalld/domain';
import type { ChatView, Cursor, DeleteConversation, DeleteRoaming, UnwantedRoaming } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Auth, Call, JsonSchema, Route } from '../route.js';
import { appOf, param, queryText } from '../route.js';
import { isId } from '../server/text.js';
import { actorOf, callingDevice, deviceQuery } from './callingDevice.js';
import { errors } from './errors.js';
import type { Queue } from './jids.js';
import { restOrigin } from './origin.js';
import { kindOfQueue } from './queueKinds.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Whose calls these are: the app's backend's, or the SDKs' (contract A6, msync). */
interface Caller {
  readonly prefix: 'rest' | 'sdk';
  readonly auth: Auth;
  /** Of the operations' ids. */
  readonly suffix: string;
  /** Of the summaries. */
  readonly words: string;
}

const callers: readonly Caller[] = [
  { prefix: 'rest', auth: 'app', suffix: '', words: '' },
  { prefix: 'sdk', auth: 'appOrUser', suffix: 'FromSdk', words: ', as the web SDK asks for it' },
];

/** How a path calls the two kinds of chats, and the parameter that names the other side. */
const sides = [
  { word: 'chat', kind: 'user', peer: 'userId', noun: 'OneToOne', chat: 'a one-to-one chat' },
  { word: 'group', kind: 'group', peer: 'groupId', noun: 'Group', chat: 'a group or room' },
] as const;
type Side = (typeof sides)[number];

/** More digits are no time in ms. */
const timeForm = /^\d{1,18}$/;

const notify: JsonSchema = {
  type: 'boolean',
  description: 'Whether the user’s devices are told; true by default',
};

/** What a user no longer wants to find in history: gone for that user alone, on every device. */
export function deleteRoamingRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const done = (): Answer => ({
    status: 200,
    body: { requestStatusCode: 'ok', timestamp: deps.clock.now() },
  });

  async function remove(call: Call, side: Side, unwanted: UnwantedRoaming | undefined): Promise<Answer> {
    const id = queryText(call, side.peer);
    if (!isId(id) || unwanted === undefined) return replies.refused(call, errors.invalidRequest);
    const chat = await chatOf(deps, call, { kind: side.kind, id });
    await submitOne<'DeleteRoaming'>(deps.loop, deletion(deps, call, chat, unwanted));
    return done();
  }

  async function removeAll(call: Call): Promise<Answer> {
    const { no: app } = appOf(call);
    const query = { app, user: param(call, 'username'), limit: limits.pageRowsDefault };
    let from: Cursor | undefined;
    do {
      const page = await deps.storage.timelines.chats({ ...query, ...(from === undefined ? {} : { from }) });
      const commands = page.entities.map((chat) => wholeDeletion(deps, call, chat));
      if (commands.length > 0) await deps.loop.submit(commands);
      from = page.cursor;
    } while (from !== undefined);
    return done();
  }

  return callers.flatMap(({ prefix, auth, suffix, words }): readonly Route[] => {
    const path = `/{org}/{app}/${prefix}/message/roaming`;
    const row = {
      tag: 'Conversations',
      auth,
      limits: [{ name: 'conversationDeletionsPerSecond' }],
      answers: answers(200, 400, 401, 404),
    } as const;
    const ofSides = sides.flatMap((side): readonly Route[] => {
      const ofSide = `${path}/${side.word}/user/{username}`;
      const query = { [side.peer]: { type: 'string' }, ...deviceQuery, isNotify: notify };
      return [
        {
          ...row,
          method: 'DELETE',
          path: ofSide,
          operationId: `delete${side.noun}Roaming${suffix}`,
          summary: `Deletes messages of ${side.chat} from one user’s roaming${words}`,
          query: {
            ...query,
            msgIdList: { type: 'string', description: `At most ${limits.roamingDeletionIdsMax}` },
          },
          handle: (call) => remove(call, side, namedIn(call)),
        },
        {
          ...row,
          method: 'DELETE',
          path: `${ofSide}/time`,
          operationId: `delete${side.noun}RoamingByTime${suffix}`,
          summary: `Deletes what was sent in ${side.chat} until some time from one user’s roaming${words}`,
          query: { ...query, delTime: { type: 'integer', description: 'ms, inclusive' } },
          handle: (call) => remove(call, side, olderIn(call)),
        },
      ];
    });
    const all: Route = {
      ...row,
      method: 'POST',
      path: `${path}/user/{username}/delete/all`,
      operationId: `deleteAllRoaming${suffix}`,
      summary: `Deletes all conversations of one user with their roaming${words}`,
      query: deviceQuery,
      handle: removeAll,
    };
    return [...ofSides, all];
  });
}

/** The messages that a call names; what can be no id of one is passed over, as others' messages are. */
function namedIn(call: Call): UnwantedRoaming | undefined {
  const named = queryText(call, 'msgIdList')?.split(',', limits.roamingDeletionIdsMax + 1);
  if (named === undefined || named.length > limits.roamingDeletionIdsMax) return undefined;
  return { by: 'ids', msgIds: named.map((text) => text.trim()).filter(isMsgId) };
}

function olderIn(call: Call): UnwantedRoaming | undefined {
  const text = queryText(call, 'delTime') ?? '';
  return timeForm.test(text) ? { by: 'time', sentThrough: Number(text) } : undefined;
}

async function chatOf(deps: HttpDeps, call: Call, queue: Queue): Promise<ChatView> {
  return { kind: await kindOfQueue(deps, appOf(call).no, queue), channel: queue.id };
}

function deletion(deps: HttpDeps, call: Call, chat: ChatView, unwanted: UnwantedRoaming): DeleteRoaming {
  return { type: 'DeleteRoaming', ...deed(deps, call), ...chat, unwanted, noticeId: noticeId(deps, call) };
}

/** Rooms are in no list: of them there is roaming alone. */
function wholeDeletion(deps: HttpDeps, call: Call, chat: ChatView): DeleteConversation | DeleteRoaming {
  const { kind, channel } = chat;
  const done = deed(deps, call);
  if (kind === 'chatroom') return deletion(deps, call, chat, { by: 'time', sentThrough: done.now });
  const noticeId = deps.ids.next();
  return { type: 'DeleteConversation', ...done, kind, channel, deleteRoaming: true, noticeId };
}

function deed(deps: HttpDeps, call: Call) {
  return {
    app: appOf(call).no,
    user: param(call, 'username'),
    origin: restOrigin(call),
    originDevice: callingDevice(call),
    by: actorOf(call),
    now: deps.clock.now(),
  };
}

function noticeId({ ids }: HttpDeps, call: Call): string | null {
  return queryText(call, 'isNotify') === 'false' ? null : ids.next();
}
