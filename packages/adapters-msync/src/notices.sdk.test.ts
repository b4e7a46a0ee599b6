import { recallContent } from '@recalld/domain';
import type { Item, StoredContent } from '@recalld/domain';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMessageCodec } from './messageCodec.js';
import {
  acknowledgementItem,
  app,
  clientBody,
  clientMeta,
  contentOfOthers,
  decoder,
  deletionItem,
  messageItem,
  readItem,
  recallItem,
  roamingDeletionItem,
  upMeta,
} from './testing/given.js';
import { loggedIn } from './testing/loggedIn.js';
import { sdkNames } from './testing/sdkLoader.js';
import type { SdkName } from './testing/sdkLoader.js';
import { bodyTypes } from './wire/messageBody.js';
import { queueJid } from './wire/queue.js';
import { encodeBatch, encodeEnd, encodeKick } from './wire/sync.js';
import type { KickReason } from './wire/sync.js';
import { encodeNotice } from './wire/unread.js';

const codec = createMessageCodec({ decoder });
const at = 1_760_000_000_500;
const connections: { close(): void }[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

/** A device of a user that is logged in; `deliver` puts an item into one of its queues and wakes it. */
async function connected(name: SdkName, user: string) {
  let waiting: readonly Uint8Array[] = [];
  const device = await loggedIn(name, user, (sync, answer) => {
    if (sync.kind !== 'pull') return;
    const { queue } = sync;
    const metas = waiting;
    waiting = [];
    answer(metas.length === 0 ? encodeEnd({ queue, at }) : encodeBatch({ queue, metas, nextKey: 7, at }));
  });
  connections.push(device.connection);
  return {
    push: device.push,
    deliver(item: Item, content?: StoredContent): void {
      waiting = [codec.encode(app, item, content)];
      device.push(encodeNotice(queueJid(app, item.timeline, user)));
    },
    /** What the app is given for the first event of a name. */
    async hears(event: string): Promise<unknown> {
      return vi.waitFor(() => {
        const found = device.heard.find(([heard]) => heard === event);
        if (found === undefined) throw new Error(`${event} was not heard`);
        return found[1];
      });
    },
  };
}

describe.each(sdkNames)('what %s hears', (name) => {
  it.each([
    ['bob, who received it', 'bob', recallItem(), { from: 'alice', to: 'bob' }],
    ['alice’s other device', 'alice', recallItem({ originDevice: 'other' }), { from: 'alice', to: 'bob' }],
    ['bob, when the app took it back', 'bob', recallItem({ author: 'admin' }), { from: 'alice', to: 'bob' }],
    ['alice, when bob took it back', 'alice', recallItem({ author: 'bob' }), { from: 'bob', to: 'alice' }],
  ])('of a recall: %s', async (_, user, item, names) => {
    const device = await connected(name, user);

    device.deliver(item, recallContent('寄错了 "x"'));

    expect(await device.hears('onRecallMessage')).toMatchObject({
      id: item.itemId,
      mid: item.recalledId,
      ext: '寄错了 "x"',
      ...names,
    });
  });

  it.each(['groupchat', 'chatroom'] as const)('of a recall in a %s without a text', async (kind) => {
    const device = await connected(name, 'bob');
    const timeline = kind === 'groupchat' ? 'group/g1' : 'room/g1';

    device.deliver(recallItem({ timeline, chat: { kind, id: 'g1' }, author: 'owner' }));

    const recall = { from: 'owner', to: 'g1', mid: '1468183947526374441', ext: '' };
    expect(await device.hears('onRecallMessage')).toMatchObject(recall);
  });

  it.each([
    ['read', 'onReadMessage'],
    ['delivered', 'onDeliveredMessage'],
  ] as const)('of a message that was %s', async (ack, event) => {
    const device = await connected(name, 'alice');

    device.deliver(acknowledgementItem({ ack }));

    expect(await device.hears(event)).toMatchObject({ from: 'bob', to: 'alice', mid: '1468183947526374441' });
  });

  it('what a reader in a group said with it', async () => {
    const device = await connected(name, 'alice');
    const to = { name: 'g1' };
    const payload = clientBody({
      ...{ type: bodyTypes.readAck, from: { name: 'bob' }, to, contents: [{}], ext: [] },
      ...{ ackMessageId: '1468183947526374441', ackContent: 'seen' },
    });

    const { stored } = upMeta(clientMeta({ payload }));
    device.deliver(acknowledgementItem({ chat: { kind: 'groupchat', id: 'g1' } }), stored);

    const read = { from: 'bob', to: 'g1', mid: '1468183947526374441' };
    expect(await device.hears('onReadMessage')).toMatchObject(read);
  });

  it('of a conversation that its peer has read', async () => {
    const device = await connected(name, 'alice');

    device.deliver(readItem());

    expect(await device.hears('onChannelMessage')).toMatchObject({ from: 'bob', to: 'alice' });
  });

  it.each([
    ['chat', 'bob', 'singleChat'],
    ['groupchat', 'a\tb\u0001“c”\u007f', 'groupChat'],
  ] as const)('of a deleted conversation: %s %j', async (conversation, channel, conversationType) => {
    const device = await connected(name, 'alice');
    const item = deletionItem({ conversation, channel });

    device.deliver(item);

    expect(await device.hears('onMultiDeviceEvent')).toMatchObject({
      operation: 'deleteConversation',
      conversationId: channel,
      conversationType,
      timestamp: item.sentAt,
    });
  });

  it.each([
    ['chat', 'bob', 'singleChat'],
    ['groupchat', 'a\tb\u0001“c”\u007f', 'groupChat'],
    ['chatroom', 'r1', 'groupChat'],
  ] as const)('of a chat of which roaming was deleted: %s %j', async (conversation, channel, chatType) => {
    const device = await connected(name, 'alice');

    device.deliver(roamingDeletionItem({ conversation, channel }));

    expect(await device.hears('onMultiDeviceEvent')).toMatchObject({
      operation: 'deleteRoaming',
      conversationId: channel,
      chatType,
      resource: 'webim_web_other',
    });
  });

  it.each([
    ['anotherDevice', 206],
    ['userRemoved', 207],
    ['passwordChanged', 216],
    ['kickedByOtherDevice', 217],
  ] as const)('of the end of its session: %s', async (why: KickReason, type) => {
    const device = await connected(name, 'alice');

    device.push(encodeKick({ app, user: 'alice', id: '1468183947526376000', why, at }));

    expect(await device.hears('onError')).toMatchObject({ type });
  });

  it('the own message from another device, under the peer’s name', async () => {
    const device = await connected(name, 'alice');

    device.deliver(messageItem({ originDevice: 'other' }), contentOfOthers({ kind: 'txt', text: 'hello' }));

    expect(await device.hears('onTextMessage')).toMatchObject({ from: 'alice', to: 'bob', msg: 'hello' });
  });
});
