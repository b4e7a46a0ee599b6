import type { ConversationKind } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { actorOf, callingDevice, deviceQuery } from './callingDevice.js';
import { errors } from './errors.js';
import { restOrigin } from './origin.js';
import type { Replies } from './replies.js';
import { answers, oneOfOrEmpty, textOrEmpty } from './schemas.js';

/** Seed 002; `groupChat` is how the web SDK spells it (msync). */
const deleteBody: JsonSchema = {
  type: 'object',
  description: 'All three are required.',
  properties: {
    channel: textOrEmpty(),
    type: oneOfOrEmpty('chat', 'groupchat', 'groupChat'),
    delete_roam: oneOfOrEmpty(true, false),
  },
};

/** What fits {@link deleteBody}. */
interface DeleteBody {
  readonly channel?: string | null;
  readonly type?: ConversationKind | 'groupChat' | '' | null;
  readonly delete_roam?: boolean | '' | null;
}

/** Deletes one user's view of a chat. Both spellings of the path, the vendor's server's and its SDK's. */
export function deleteConversationRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function remove(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { channel, type, delete_roam: deleteRoaming } = call.body as DeleteBody;
    if (channel === undefined || channel === null || channel === '') {
      return replies.refused(call, errors.channelEmpty);
    }
    if (type === undefined || type === null || type === '') return replies.refused(call, errors.typeEmpty);
    if (typeof deleteRoaming !== 'boolean') return replies.refused(call, errors.deleteRoamEmpty);
    if (!isId(channel)) return replies.refused(call, errors.invalidBody);
    await deps.loop.submit<'DeleteConversation'>([
      {
        type: 'DeleteConversation',
        app: appOf(call).no,
        user: param(call, 'username'),
        kind: type === 'chat' ? 'chat' : 'groupchat',
        channel,
        deleteRoaming,
        origin: restOrigin(call),
        originDevice: callingDevice(call),
        noticeId: deps.ids.next(),
        by: actorOf(call),
        now: deps.clock.now(),
      },
    ]);
    return replies.ok(call, { path: '/users/user_channel', entities: [], data: { result: 'ok' } });
  }

  const row = {
    method: 'DELETE',
    tag: 'Conversations',
    auth: 'appOrUser',
    limits: [{ name: 'conversationDeletionsPerSecond' }, { name: 'conversationDeletionsPerMinuteAndUser' }],
    body: deleteBody,
    answers: answers(200, 400, 401, 404),
    handle: remove,
  } as const;
  return [
    {
      ...row,
      path: '/{org}/{app}/users/{username}/user_channel',
      operationId: 'deleteConversation',
      summary: 'Deletes one user’s view of a chat',
    },
    {
      ...row,
      path: '/{org}/{app}/user/{username}/user_channel',
      operationId: 'deleteConversationFromSdk',
      summary: 'Deletes one user’s view of a chat, as the web SDK asks for it',
      query: deviceQuery,
    },
  ];
}
