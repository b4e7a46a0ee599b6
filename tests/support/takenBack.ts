import type { Api } from './api.js';

/** What is in the messages and files that are recalled after the backup. */
export const secret = 'taken-back-canary';
/** What is in those that stay. */
export const open = 'still-there-canary';

/** Messages of every kind, each to be recalled in its own way, and some that stay. */
export interface Conversations {
  readonly groupId: string;
  readonly pairMsgs: readonly string[];
  readonly groupMsgs: readonly string[];
  readonly forced: string;
  readonly image: string;
  readonly fileUrl: string;
}

export async function converse(api: Api): Promise<Conversations> {
  const groupId = await makeGroup(api);
  const pairMsgs: string[] = [];
  const groupMsgs: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    pairMsgs.push(await api.sendText('u1', 'u2', `${secret} ${'x'.repeat(n * 300)} ${secret}`));
    groupMsgs.push(await toGroup(api, groupId, `${secret} ${n}`));
    await api.sendText('u1', 'u3', `${open} ${n}`);
  }
  await api.sendText('anna', 'ben', `${open} from anna`);
  const form = new FormData();
  form.append('file', new Blob([secret.repeat(2_000)], { type: 'image/png' }), `${secret}.png`);
  const { url: fileUrl } = await api.upload(form);
  return {
    groupId,
    pairMsgs,
    groupMsgs,
    forced: await api.sendText('u1', 'u2', `${secret} forced`),
    image: await api.sendImage({ filename: `${secret}.png`, url: fileUrl }),
    fileUrl,
  };
}

/** Takes all of it back, also a message that is sent only now, deletes a conversation and changes the policy. */
export async function takeBack(api: Api, conversations: Conversations): Promise<void> {
  const { groupId, pairMsgs, groupMsgs, forced, image } = conversations;
  const recalls = [
    ...pairMsgs.map((id) => api.recall(id, 'u2', { recallMessageExtensionInfo: 'why it went' })),
    ...groupMsgs.map((id) => api.recall(id, groupId, { chat_type: 'groupchat' })),
    api.recall(forced, 'u2', { force: true, from: 'u1' }),
    api.recall(image, 'u2'),
    api.sendText('u1', 'u2', `${secret} later`).then((id) => api.recall(id, 'u2', { from: 'u1' })),
  ];
  for (const { status, text } of await Promise.all(recalls)) if (status !== 200) throw new Error(text);
  const deleted = await api.app('DELETE', '/users/anna/user_channel', {
    channel: 'ben',
    type: 'chat',
    delete_roam: true,
  });
  const changed = await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 77 });
  if (deleted.status !== 200 || changed.status !== 200) throw new Error(`${deleted.text} ${changed.text}`);
}

/** How many recalls, deletions and policies that is. */
export const tookAll = '23 recalls, 1 deletions of conversations and 1 recall policies';

/** A group of u1, with u2 and u3; answers its id. */
export async function makeGroup(api: Api): Promise<string> {
  const made = await api.app('POST', '/chatgroups', {
    groupname: 'team',
    description: 'all of us',
    public: true,
    maxusers: 200,
    owner: 'u1',
    members: ['u2', 'u3'],
  });
  return (made.body['data'] as { groupid: string }).groupid;
}

export async function toGroup(api: Api, groupId: string, msg: string): Promise<string> {
  const body = { from: 'u1', to: [groupId], type: 'txt', body: { msg } };
  const sent = await api.app('POST', '/messages/chatgroups', body);
  return (sent.body['data'] as Record<string, string>)[groupId] ?? '';
}
