import { describe, expect, it } from 'vitest';
import { conversationsOf, historyOf, meet, settle } from '../support/sdk/chats.js';
import type { SdkObject } from '../support/sdk/bundle.js';
import type { ChatType } from '../support/sdk/client.js';
import { describeWithSdks } from '../support/sdk/stage.js';

const chatTypes: readonly ChatType[] = ['singleChat', 'groupChat', 'chatRoom'];

const texts = (messages: readonly SdkObject[]) => messages.map(({ msg }) => msg);

describeWithSdks((stage) => {
  async function given(chatType: ChatType) {
    const alice = await stage.arrive('alice', { device: 'one' });
    const other = await stage.connect(alice.user, { device: 'two' });
    const bob = await stage.arrive('bob');
    const to = await meet(stage.api, chatType, alice.user, bob.user);
    /** The same chat as bob calls it. */
    const back = chatType === 'singleChat' ? alice.user : to;
    return { alice, other, bob, to, back };
  }

  describe.each(chatTypes)('history of a %s that its reader deletes', (chatType) => {
    const told = (conversationId: string) => ({
      operation: 'deleteRoaming',
      conversationId,
      chatType: chatType === 'singleChat' ? 'singleChat' : 'groupChat',
    });

    it('message by message is gone for this user alone, whose other device is told', async () => {
      const { alice, other, bob, to, back } = await given(chatType);
      for (const msg of ['one', 'two', 'three']) await bob.sendText(back, msg, chatType);
      await settle(bob, back, chatType, alice, other);
      const [first] = (await historyOf(alice, to, chatType)).filter(({ msg }) => msg === 'one');

      await alice.call('removeHistoryMessages', { targetId: to, chatType, messageIds: [first?.['id']] });

      expect(await other.next('onMultiDeviceEvent')).toMatchObject(told(to));
      expect(texts(await historyOf(alice, to, chatType))).not.toContain('one');
      expect(await historyOf(alice, to, chatType)).toHaveLength(3);
      expect(await historyOf(bob, back, chatType)).toHaveLength(4);
      await settle(bob, back, chatType, alice);
      for (const device of [alice, bob]) expect(device.take('onMultiDeviceEvent')).toEqual([]);
    });

    it('by time is gone until the next message', async () => {
      const { alice, other, bob, to, back } = await given(chatType);
      await bob.sendText(back, 'one', chatType);
      await settle(bob, back, chatType, alice, other);

      await alice.call('removeHistoryMessages', {
        targetId: to,
        chatType,
        beforeTimeStamp: Date.now() + 1_000,
      });

      expect(await other.next('onMultiDeviceEvent')).toMatchObject(told(to));
      expect(await historyOf(alice, to, chatType)).toEqual([]);
      expect(await conversationsOf(alice)).toEqual([]);
      await bob.sendText(back, 'two', chatType);
      expect(texts(await historyOf(alice, to, chatType))).toEqual(['two']);
      expect(await historyOf(bob, back, chatType)).toHaveLength(3);
    });
  });

  it('everything of a user is gone with one call, for this user alone', async () => {
    const { alice, bob, to, back } = await given('singleChat');
    const group = await meet(stage.api, 'groupChat', alice.user, bob.user);
    await bob.sendText(back, 'one', 'singleChat');
    await bob.sendText(group, 'two', 'groupChat');
    expect(await conversationsOf(alice)).toHaveLength(2);

    await alice.call('deleteAllMessagesAndConversations');

    expect(await conversationsOf(alice)).toEqual([]);
    expect(await historyOf(alice, to, 'singleChat')).toEqual([]);
    expect(await historyOf(alice, group, 'groupChat')).toEqual([]);
    expect(await conversationsOf(bob)).toHaveLength(2);
    expect(texts(await historyOf(bob, back, 'singleChat'))).toEqual(['one']);
  });
});
