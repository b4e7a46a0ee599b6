import { describe, expect, it } from 'vitest';
import { conversationsOf, historyOf, makeGroup, meet, settle } from '../support/sdk/chats.js';
import type { SdkObject } from '../support/sdk/bundle.js';
import type { ChatType, SdkClient } from '../support/sdk/client.js';
import { describeWithSdks } from '../support/sdk/stage.js';

const chatTypes: readonly ChatType[] = ['singleChat', 'groupChat', 'chatRoom'];
/** Of which users have lists. */
const listed = ['singleChat', 'groupChat'] as const;

const texts = (messages: readonly SdkObject[]) => messages.map(({ msg }) => msg);
const range = (from: number, through: number) => {
  const step = Math.sign(through - from);
  return Array.from({ length: Math.abs(through - from) + 1 }, (_, n) => `no. ${from + n * step}`);
};

describeWithSdks((stage) => {
  async function given(chatType: ChatType) {
    const [alice, bob] = await Promise.all([stage.arrive('alice', { device: 'one' }), stage.arrive('bob')]);
    const other = await stage.connect(alice.user, { device: 'two' });
    const to = await meet(stage.api, chatType, alice.user, bob.user);
    /** The same chat as bob calls it. */
    const back = chatType === 'singleChat' ? alice.user : to;
    return { alice, other, bob, to, back };
  }

  async function say(
    from: SdkClient,
    to: string,
    chatType: ChatType,
    said: readonly string[],
  ): Promise<void> {
    await Promise.all(said.map((msg) => from.sendText(to, msg, chatType)));
  }

  /** All pages of a history, each as its texts. */
  async function pagesOf(client: SdkClient, query: object): Promise<readonly (readonly unknown[])[]> {
    const pages: (readonly unknown[])[] = [];
    let cursor: unknown = -1;
    for (let isLast = false; !isLast;) {
      const page = await client.call('getHistoryMessages', { ...query, cursor });
      pages.push(texts(page['messages'] as readonly SdkObject[]));
      cursor = page['cursor'];
      isLast = page['isLast'] === true;
    }
    return pages;
  }

  describe.each(chatTypes)('the history of a %s', (chatType) => {
    it('comes page by page, from its end and from its beginning', async () => {
      const { alice, bob, to, back } = await given(chatType);
      await say(alice, to, chatType, range(1, 25));
      const query = { targetId: back, chatType, pageSize: 10 };

      expect(await pagesOf(bob, query)).toEqual([range(25, 16), range(15, 6), range(5, 1)]);
      expect(await pagesOf(bob, { ...query, searchDirection: 'down' })).toEqual([
        range(1, 10),
        range(11, 20),
        range(21, 25),
      ]);
    });
  });

  describe('a history', () => {
    it('comes as the older call wants it: the newest ones, oldest first', async () => {
      const { alice, bob, to, back } = await given('singleChat');
      await say(alice, to, 'singleChat', range(1, 25));

      const first = await bob.call('fetchHistoryMessages', { queue: back, count: 10, format: true });
      const second = await bob.call('fetchHistoryMessages', { queue: back, count: 10, format: true });

      const shown = [first, second].map((page) => texts(page as unknown as readonly SdkObject[]));
      expect(shown).toEqual([range(16, 25), range(6, 15)]);
    });

    it('is narrowed down to kinds of messages', async () => {
      const { alice, bob, to, back } = await given('singleChat');
      await say(alice, to, 'singleChat', ['hello']);
      await alice.send({ type: 'custom', chatType: 'singleChat', to, customEvent: 'order', customExts: {} });

      const history = await historyOf(bob, back, 'singleChat', { searchOptions: { msgTypes: ['custom'] } });

      expect(history).toMatchObject([{ type: 'custom', customEvent: 'order' }]);
    });
  });

  describe('a list', () => {
    it('has each conversation once, the newest first, with what is unread, page by page', async () => {
      const { alice, bob, back } = await given('singleChat');
      const group = await makeGroup(stage.api, alice.user, [bob.user]);
      await say(alice, bob.user, 'singleChat', ['one', 'two']);
      await say(alice, group, 'groupChat', ['to all']);
      await say(bob, group, 'groupChat', ['an answer']);

      const [newest, oldest] = await conversationsOf(bob);

      expect(newest).toMatchObject({
        ...{ conversationId: group, conversationType: 'groupChat', unReadCount: 1 },
        lastMessage: { type: 'txt', chatType: 'groupChat', msg: 'an answer', from: bob.user, to: group },
      });
      expect(oldest).toMatchObject({
        ...{ conversationId: back, conversationType: 'singleChat', unReadCount: 2 },
        lastMessage: { type: 'txt', chatType: 'singleChat', msg: 'two', from: alice.user, to: bob.user },
      });
      const first = await bob.call('getServerConversations', { pageSize: 1, cursor: '' });
      const { conversations, cursor } = first['data'] as { conversations: unknown; cursor: string };
      expect(conversations).toEqual([newest]);
      const second = await bob.call('getServerConversations', { pageSize: 1, cursor });
      expect(second['data']).toEqual({ conversations: [oldest], cursor: '' });
    });

    it('comes as the older call wants it', async () => {
      const { alice, bob, back } = await given('singleChat');
      await say(alice, bob.user, 'singleChat', ['hello']);

      const { data } = await bob.call('getConversationlist');

      const channel_id = `acme#im_${back}@easemob.com`;
      expect(data).toMatchObject({
        channel_infos: [{ channel_id, unread_num: 1, lastMessage: { msg: 'hello', from: alice.user } }],
      });
    });

    it.each(listed)('counts nothing as unread once the %s was read', async (chatType) => {
      const { alice, bob, to, back } = await given(chatType);
      await say(alice, to, chatType, ['one', 'two']);
      expect(await conversationsOf(bob)).toMatchObject([{ conversationId: back, unReadCount: 2 }]);

      await bob.send({ type: 'channel', chatType, to: back });

      expect(await conversationsOf(bob)).toMatchObject([{ conversationId: back, unReadCount: 0 }]);
      await say(alice, to, chatType, ['three']);
      expect(await conversationsOf(bob)).toMatchObject([{ conversationId: back, unReadCount: 1 }]);
      expect(await conversationsOf(alice)).toMatchObject([{ conversationId: to, unReadCount: 0 }]);
    });
  });

  describe.each(listed)('a deleted %s', (chatType) => {
    it.each([
      ['keeps', false],
      ['loses', true],
    ])('%s its history, for its user alone, whose other device is told', async (_, deleteRoam) => {
      const { alice, other, bob, to, back } = await given(chatType);
      await say(alice, to, chatType, ['one', 'two']);
      await settle(alice, to, chatType, other, bob);

      await alice.call('deleteConversation', { channel: to, chatType, deleteRoam });

      expect(await other.next('onMultiDeviceEvent')).toMatchObject({
        operation: 'deleteConversation',
        conversationId: to,
        conversationType: chatType,
      });
      expect(await conversationsOf(alice)).toEqual([]);
      expect(await historyOf(alice, to, chatType)).toHaveLength(deleteRoam ? 0 : 3);
      expect(await conversationsOf(bob)).toMatchObject([{ conversationId: back, unReadCount: 3 }]);
      expect(await historyOf(bob, back, chatType)).toHaveLength(3);
      await settle(bob, back, chatType, alice);
      for (const device of [alice, bob]) expect(device.take('onMultiDeviceEvent')).toEqual([]);
    });

    it('is back with the next message', async () => {
      const { alice, bob, to, back } = await given(chatType);
      await say(alice, to, chatType, ['one', 'two']);
      await bob.call('deleteConversation', { channel: back, chatType, deleteRoam: true });
      expect(await conversationsOf(bob)).toEqual([]);

      await say(alice, to, chatType, ['three']);

      expect(await conversationsOf(bob)).toMatchObject([
        { conversationId: back, unReadCount: 1, lastMessage: { msg: 'three' } },
      ]);
      expect(texts(await historyOf(bob, back, chatType))).toEqual(['three']);
    });

    it('of the app’s making is told to all devices of its user', async () => {
      const { alice, other, bob, to, back } = await given(chatType);
      await settle(alice, to, chatType, other, bob);

      const type = chatType === 'singleChat' ? 'chat' : 'groupchat';
      const body = { channel: to, type, delete_roam: true };
      const { status } = await stage.api.app('DELETE', `/users/${alice.user}/user_channel`, body);

      expect(status).toBe(200);
      const told = { operation: 'deleteConversation', conversationId: to, conversationType: chatType };
      for (const device of [alice, other]) {
        expect(await device.next('onMultiDeviceEvent')).toMatchObject(told);
      }
      expect(await conversationsOf(alice)).toEqual([]);
      await settle(alice, to, chatType, bob);
      expect(bob.take('onMultiDeviceEvent')).toEqual([]);
      expect(await historyOf(bob, back, chatType)).toHaveLength(2);
    });
  });

  describe.each(chatTypes)('what is removed from the history of a %s', (chatType) => {
    /** Three messages that both have, and bob's two devices. */
    async function givenHistory() {
      const { alice, bob, to, back } = await given(chatType);
      const other = await stage.connect(bob.user, { device: 'two' });
      const ids = [
        await settle(alice, to, chatType, bob, other),
        await settle(alice, to, chatType, bob, other),
        await settle(alice, to, chatType, bob, other),
      ] as const;
      return { alice, bob, other, to, back, ids };
    }

    const idsOf = async (user: SdkClient, target: string) =>
      (await historyOf(user, target, chatType)).map(({ id }) => id);

    it('by its id is gone for its user alone, whose other device is told', async () => {
      const { alice, bob, other, to, back, ids } = await givenHistory();
      const messageIds = [ids[0], ids[2]];

      await bob.call('removeHistoryMessages', { targetId: back, chatType, messageIds });

      const told = { operation: 'deleteRoaming', conversationId: back };
      expect(await other.next('onMultiDeviceEvent')).toMatchObject(told);
      expect(await idsOf(bob, back)).toEqual([ids[1]]);
      expect(await idsOf(alice, to)).toEqual([...ids].reverse());
      await settle(alice, to, chatType, bob);
      expect(bob.take('onMultiDeviceEvent')).toEqual([]);
      expect(alice.take('onMultiDeviceEvent')).toEqual([]);
    });

    it('by its time is gone for its user alone, whose other device is told', async () => {
      const { alice, bob, other, to, back, ids } = await givenHistory();
      const [, second] = await historyOf(bob, back, chatType);
      const beforeTimeStamp = Number(second?.['time']);

      await bob.call('removeHistoryMessages', { targetId: back, chatType, beforeTimeStamp });

      const told = { operation: 'deleteRoaming', conversationId: back };
      expect(await other.next('onMultiDeviceEvent')).toMatchObject(told);
      expect(await idsOf(bob, back)).toEqual([ids[2]]);
      expect(await idsOf(alice, to)).toEqual([...ids].reverse());
    });
  });

  it('everything of a user’s is gone at once, for this user alone, whose other device is told', async () => {
    const { alice, other, bob, to, back } = await given('singleChat');
    const group = await makeGroup(stage.api, alice.user, [bob.user]);
    await settle(alice, to, 'singleChat', other, bob);
    await settle(alice, group, 'groupChat', other, bob);

    await alice.call('deleteAllMessagesAndConversations');

    for (const conversationId of [to, group]) {
      const told = { operation: 'deleteConversation', conversationId };
      const isIt = (event: SdkObject) => event['conversationId'] === conversationId;
      expect(await other.next('onMultiDeviceEvent', isIt)).toMatchObject(told);
    }
    expect(await conversationsOf(alice)).toEqual([]);
    expect(await historyOf(alice, to)).toEqual([]);
    expect(await historyOf(alice, group, 'groupChat')).toEqual([]);
    expect(await conversationsOf(bob)).toHaveLength(2);
    expect(await historyOf(bob, back)).toHaveLength(1);
    expect(await historyOf(bob, group, 'groupChat')).toHaveLength(1);
  });
});
