import type { Api } from '../api.js';
import type { SdkObject } from './bundle.js';
import type { ChatType, SdkClient } from './client.js';

/** The same kinds of chats in the words of the REST interface. */
const restKinds = {
  singleChat: { collection: 'users', chatKind: 'chat' },
  groupChat: { collection: 'chatgroups', chatKind: 'groupchat' },
  chatRoom: { collection: 'chatrooms', chatKind: 'chatroom' },
} as const satisfies Readonly<Record<ChatType, object>>;

/** A group of an owner's; answers its id. */
export async function makeGroup(api: Api, owner: string, members: readonly string[]): Promise<string> {
  const group = { groupname: 'team', description: 'all of us', public: true, maxusers: 200, owner, members };
  return idOf(await api.app('POST', '/chatgroups', group), 'groupid');
}

/** A room of an owner's; answers its id. */
export async function makeRoom(api: Api, owner: string, members: readonly string[]): Promise<string> {
  const room = { name: 'hall', description: 'everybody', maxusers: 200, owner, members };
  return idOf(await api.app('POST', '/chatrooms', room), 'id');
}

/** Where a message of some kind of chat goes that these users share: the second one, or a new group or room. */
export async function meet(api: Api, chatType: ChatType, ...users: readonly string[]): Promise<string> {
  const [owner = '', ...members] = users;
  if (chatType === 'groupChat') return makeGroup(api, owner, members);
  if (chatType === 'chatRoom') return makeRoom(api, owner, members);
  return members[0] ?? '';
}

export interface RestMessage {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly body: object;
  readonly ext?: object;
  readonly routetype?: 'ROUTE_ONLINE';
  readonly sync_device?: boolean;
}

/** Sends one message as the app's backend; answers its id. */
export async function sendByRest(
  api: Api,
  { to, ...message }: RestMessage,
  chatType: ChatType = 'singleChat',
): Promise<string> {
  const path = `/messages/${restKinds[chatType].collection}`;
  return idOf(await api.app('POST', path, { ...message, to: [to] }), to);
}

/** Takes a message back as the app's backend. @throws when it is refused */
export async function recallByRest(
  api: Api,
  msgId: string,
  to: string,
  chatType: ChatType = 'singleChat',
  more: object = {},
): Promise<void> {
  const { status, text } = await api.recall(msgId, to, { chat_type: restKinds[chatType].chatKind, ...more });
  if (status !== 200) throw new Error(text);
}

/** A user's history of a chat, newest first. */
export async function historyOf(
  client: SdkClient,
  targetId: string,
  chatType: ChatType = 'singleChat',
  more: object = {},
): Promise<readonly SdkObject[]> {
  const page = await client.call('getHistoryMessages', { targetId, chatType, pageSize: 50, ...more });
  return page['messages'] as readonly SdkObject[];
}

/** A user's conversations, the one with the newest message first. */
export async function conversationsOf(client: SdkClient): Promise<readonly SdkObject[]> {
  const { data } = await client.call('getServerConversations', { pageSize: 50, cursor: '' });
  return (data as { readonly conversations: readonly SdkObject[] }).conversations;
}

let ends = 0;

/**
 * Sends one more text and waits for it on each of the devices: what came before it on its way has come.
 * It is in nobody's way; answers its id.
 */
export async function settle(
  from: SdkClient,
  to: string,
  chatType: ChatType,
  ...heardBy: readonly SdkClient[]
): Promise<string> {
  ends += 1;
  const { serverMsgId } = await from.sendText(to, `end ${ends}`, chatType);
  for (const device of heardBy) await device.next('onTextMessage', ({ id }) => id === serverMsgId);
  return serverMsgId;
}

function idOf(answer: Awaited<ReturnType<Api['app']>>, field: string): string {
  const id = (answer.body['data'] as Readonly<Record<string, unknown>> | undefined)?.[field];
  if (typeof id !== 'string') throw new Error(answer.text);
  return id;
}
