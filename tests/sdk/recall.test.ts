import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startReceiver } from '../support/receiver.js';
import type { ReceivedCallback, Receiver } from '../support/receiver.js';
import {
  conversationsOf,
  historyOf,
  makeGroup,
  makeRoom,
  meet,
  recallByRest,
  sendByRest,
  settle,
} from '../support/sdk/chats.js';
import { errorOf } from '../support/sdk/client.js';
import type { ChatType } from '../support/sdk/client.js';
import { describeWithSdks, eventually } from '../support/sdk/stage.js';
import { tracesIn } from '../support/traces.js';

const range = (count: number) => Array.from({ length: count }, (_, n) => n);
const chatTypes: readonly ChatType[] = ['singleChat', 'groupChat', 'chatRoom'];

describeWithSdks((stage) => {
  /** alice with two devices, bob with one, and where both are. */
  async function given(chatType: ChatType) {
    const [alice, bob] = await Promise.all([
      stage.arrive('alice', { device: 'one' }),
      stage.arrive('bob', { device: 'one' }),
    ]);
    const other = await stage.connect(alice.user, { device: 'two' });
    return { alice, other, bob, to: await meet(stage.api, chatType, alice.user, bob.user) };
  }

  describe.each(chatTypes)('a recall in a %s', (chatType) => {
    it('by the sender is heard by the receiver and the sender’s other device, with its words', async () => {
      const { alice, other, bob, to } = await given(chatType);
      const mid = await settle(alice, to, chatType, other, bob);

      const { serverMsgId: id } = await alice.recall(mid, to, chatType, '寄错了 😅 "sorry"');

      const notice = { id, mid, from: alice.user, to, ext: '寄错了 😅 "sorry"' };
      for (const device of [other, bob]) expect(await device.next('onRecallMessage')).toMatchObject(notice);
      await settle(bob, chatType === 'singleChat' ? alice.user : to, chatType, alice);
      expect(alice.take('onRecallMessage')).toEqual([]);
    });

    it('by the app is heard on every device, with its words', async () => {
      const { alice, other, bob, to } = await given(chatType);
      const mid = await settle(alice, to, chatType, other, bob);

      await recallByRest(stage.api, mid, to, chatType, { recallMessageExtensionInfo: '违规' });

      for (const device of [alice, other, bob]) {
        expect(await device.next('onRecallMessage')).toMatchObject({ mid, to, ext: '违规' });
      }
    });

    it('by the sender’s other device is heard by the one that sent it', async () => {
      const { alice, other, bob, to } = await given(chatType);
      const mid = await settle(alice, to, chatType, other, bob);

      await other.recall(mid, to, chatType);

      for (const device of [alice, bob]) {
        expect(await device.next('onRecallMessage')).toMatchObject({ mid, from: alice.user, to, ext: '' });
      }
      await settle(alice, to, chatType, other);
      expect(other.take('onRecallMessage')).toEqual([]);
    });

    it('of a message that a device never got: only the notice comes, later', async () => {
      const { alice, other, bob, to } = await given(chatType);
      await settle(alice, to, chatType, other, bob);
      await stage.leave(other);
      await stage.leave(bob);
      const { serverMsgId: mid } = await alice.sendText(to, 'oops', chatType);
      await alice.recall(mid, to, chatType, 'why');

      const back = [
        await stage.connect(alice.user, { device: 'two' }),
        await stage.connect(bob.user, { device: 'one' }),
      ];

      const notice = { mid, from: alice.user, to, ext: 'why' };
      for (const device of back) expect(await device.next('onRecallMessage')).toMatchObject(notice);
      await settle(alice, to, chatType, ...back);
      for (const device of back) {
        expect(device.take('onTextMessage').filter(({ id }) => id === mid)).toEqual([]);
        expect(device.take('onRecallMessage')).toEqual([]);
      }
    });

    it('leaves nothing in histories and lists', async () => {
      const { alice, bob, to } = await given(chatType);
      const from = chatType === 'singleChat' ? alice.user : to;
      const first = await settle(alice, to, chatType, bob);
      const { serverMsgId: mid } = await alice.sendText(to, 'oops', chatType);
      await alice.recall(mid, to, chatType);

      for (const [user, target] of [[alice, to] as const, [bob, from] as const]) {
        const history = await historyOf(user, target, chatType);
        expect(history.map(({ id }) => id)).toEqual([first]);
      }
      // Rooms are in nobody's list.
      if (chatType === 'chatRoom') return expect(await conversationsOf(bob)).toEqual([]);
      expect(await conversationsOf(bob)).toMatchObject([
        { conversationId: from, unReadCount: 1, lastMessage: { id: first } },
      ]);
      await alice.recall(first, to, chatType);
      expect(await conversationsOf(bob)).toMatchObject([
        { conversationId: from, unReadCount: 0, lastMessage: null },
      ]);
    });

    it('is refused a second time, and for what is not there: 503', async () => {
      const { alice, bob, to } = await given(chatType);
      const mid = await settle(alice, to, chatType, bob);
      await alice.recall(mid, to, chatType);

      expect(await errorOf(alice.recall(mid, to, chatType))).toMatchObject({ type: 503 });
      expect(await errorOf(alice.recall('4711', to, chatType))).toMatchObject({ type: 503 });

      await settle(alice, to, chatType, bob);
      expect(bob.take('onRecallMessage')).toHaveLength(1);
    });

    it('is refused for a command: 503', async () => {
      const { alice, bob, to } = await given(chatType);
      const { serverMsgId: mid } = await alice.send({ type: 'cmd', chatType, to, action: 'refresh' });

      expect(await errorOf(alice.recall(mid, to, chatType))).toMatchObject({ type: 503 });

      await settle(alice, to, chatType, bob);
      expect(bob.take('onRecallMessage')).toEqual([]);
    });

    it('of many messages at once is heard in order', async () => {
      const { alice, bob, to } = await given(chatType);
      const sent = await Promise.all(range(20).map((n) => alice.sendText(to, `no. ${n}`, chatType)));
      const mids = sent.map(({ serverMsgId }) => serverMsgId);

      await Promise.all(mids.map((mid) => alice.recall(mid, to, chatType)));

      await settle(alice, to, chatType, bob);
      expect(bob.take('onRecallMessage').map(({ mid }) => mid)).toEqual(mids);
    });

    it('is forced by the app for a message that nobody has seen', async () => {
      const { alice, other, bob, to } = await given(chatType);
      const never = String(BigInt(await settle(alice, to, chatType, bob)) - (1n << 40n));

      const from = alice.user;
      await recallByRest(stage.api, never, to, chatType, { force: true, from });

      for (const device of [alice, other, bob]) {
        expect(await device.next('onRecallMessage')).toMatchObject({ mid: never, from, to });
      }
    });
  });

  it('a recall of a directed message is heard by those whom it was for', async () => {
    const { alice, other, bob } = await given('singleChat');
    const carol = await stage.arrive('carol');
    const to = await makeGroup(stage.api, alice.user, [bob.user, carol.user]);
    const directed = { type: 'txt', chatType: 'groupChat', to, msg: 'only bob', receiverList: [bob.user] };
    const { serverMsgId: mid } = await alice.send(directed);

    await alice.recall(mid, to, 'groupChat');

    for (const device of [other, bob]) expect(await device.next('onRecallMessage')).toMatchObject({ mid });
    await settle(alice, to, 'groupChat', carol);
    expect(carol.take('onRecallMessage')).toEqual([]);
  });

  describe('the app, between two users,', () => {
    it('keeps a recall from the sender’s devices with sync_device false', async () => {
      const { alice, other, bob, to } = await given('singleChat');
      const mid = await settle(alice, to, 'singleChat', other, bob);

      await recallByRest(stage.api, mid, to, 'singleChat', { sync_device: false });

      expect(await bob.next('onRecallMessage')).toMatchObject({ mid });
      await settle(bob, alice.user, 'singleChat', alice, other);
      for (const device of [alice, other]) expect(device.take('onRecallMessage')).toEqual([]);
    });

    it('takes back what it sent itself', async () => {
      const { alice, bob, to } = await given('singleChat');
      const message = { from: alice.user, to, type: 'txt', body: { msg: 'from the app' } };
      const mid = await sendByRest(stage.api, message);
      expect(await bob.next('onTextMessage')).toMatchObject({ id: mid });

      await recallByRest(stage.api, mid, to);

      expect(await bob.next('onRecallMessage')).toMatchObject({ mid, from: alice.user, to });
      expect(await historyOf(bob, alice.user)).toEqual([]);
    });
  });

  describe('who may', () => {
    afterEach(() => setPolicy({ enabled: true, window_seconds: 120 }));

    const setPolicy = async (policy: object) =>
      expect((await stage.api.admin('PUT', '/recall-policy', policy)).status).toBe(200);

    /** Ends every recall window. */
    async function waitOutWindow(): Promise<void> {
      await setPolicy({ enabled: true, window_seconds: 1 });
      await pause(1_100);
    }

    it('between two users only the sender: 503 for the receiver and for others', async () => {
      const { alice, bob, to } = await given('singleChat');
      const mid = await settle(alice, to, 'singleChat', bob);
      const eve = await stage.arrive('eve');

      expect(await errorOf(bob.recall(mid, to))).toMatchObject({ type: 503 });
      expect(await errorOf(bob.recall(mid, alice.user))).toMatchObject({ type: 503 });
      expect(await errorOf(eve.recall(mid, to))).toMatchObject({ type: 503 });

      await settle(alice, to, 'singleChat', bob);
      expect(bob.take('onRecallMessage')).toEqual([]);
      expect(await historyOf(bob, alice.user)).toHaveLength(2);
    });

    it('the sender no longer once the window is over: 504', async () => {
      const { alice, bob, to } = await given('singleChat');
      const mid = await settle(alice, to, 'singleChat', bob);

      await waitOutWindow();

      expect(await errorOf(alice.recall(mid, to))).toMatchObject({ type: 504 });
      await recallByRest(stage.api, mid, to, 'singleChat', { force: true });
      expect(await bob.next('onRecallMessage')).toMatchObject({ mid });
    });

    it('nobody while the service is off: 505', async () => {
      const { alice, bob, to } = await given('singleChat');
      const mid = await settle(alice, to, 'singleChat', bob);

      await setPolicy({ enabled: false, window_seconds: 120 });

      expect(await errorOf(alice.recall(mid, to))).toMatchObject({ type: 505 });
      expect(await historyOf(bob, alice.user)).toHaveLength(1);
    });

    it.each([
      ['groupChat', makeGroup, 'chatgroups'],
      ['chatRoom', makeRoom, 'chatrooms'],
    ] as const)(
      'in a %s the owner and admins, late and of others’ messages; members not',
      async (chatType, make, collection) => {
        const [owner, admin, member, author] = await Promise.all([
          stage.arrive('owner'),
          stage.arrive('admin'),
          stage.arrive('member'),
          stage.arrive('author'),
        ]);
        const members = [admin.user, member.user, author.user];
        const to = await make(stage.api, owner.user, members);
        const made = await stage.api.app('POST', `/${collection}/${to}/admin`, { newadmin: admin.user });
        expect(made.status).toBe(200);
        const mids = [
          await settle(author, to, chatType, member),
          await settle(author, to, chatType, member),
          await settle(author, to, chatType, member),
        ] as const;

        expect(await errorOf(member.recall(mids[0], to, chatType))).toMatchObject({ type: 503 });
        await waitOutWindow();
        expect(await errorOf(author.recall(mids[0], to, chatType))).toMatchObject({ type: 504 });
        await owner.recall(mids[1], to, chatType);
        await admin.recall(mids[2], to, chatType);

        for (const [mid, by] of [[mids[1], owner] as const, [mids[2], admin] as const]) {
          for (const device of [member, author]) {
            expect(await device.next('onRecallMessage')).toMatchObject({ mid, from: by.user, to });
          }
        }
        const left = await historyOf(member, to, chatType);
        expect(left.map(({ id }) => id)).toEqual([mids[0]]);
      },
    );
  });

  describe('a recalled message', () => {
    it('takes its file along', async () => {
      const { alice, bob, to } = await given('singleChat');
      const file = { filename: 'a.png', filetype: 'png', data: new Blob(['picture']) };
      const sent = await alice.send({ type: 'img', chatType: 'singleChat', to, file, width: 1, height: 1 });
      const { url } = await bob.next('onImageMessage');
      expect((await fetch(String(url))).status).toBe(200);

      await alice.recall(sent.serverMsgId, to);

      expect((await fetch(String(url))).status).toBe(404);
    });

    it.each(chatTypes)('leaves no byte in the server’s files, in a %s', async (chatType) => {
      const { alice, bob, to } = await given(chatType);
      const gone = `canary of ${stage.name} in a ${chatType}`;
      const ext = { note: gone, deep: [{ er: gone }] };
      const { serverMsgId } = await alice.send({ type: 'txt', chatType, to, msg: gone, ext });
      await bob.next('onTextMessage');
      expect(await tracesIn([stage.dataDir], gone)).not.toEqual([]);

      await alice.recall(serverMsgId, to, chatType, 'why it went');

      await eventually(async () => expect(await tracesIn([stage.dataDir], gone)).toEqual([]));
      expect(stage.server.output()).not.toContain(gone);
    });
  });

  describe('the app’s backend', () => {
    let easemob: Receiver;
    let tencent: Receiver;
    let rules: readonly string[];

    beforeEach(async () => {
      [easemob, tencent] = await Promise.all([startReceiver(), startReceiver()]);
      const chat_types = ['chat', 'groupchat', 'chatroom'];
      const made = [
        { name: 'easemob', url: easemob.url, dialect: 'easemob', chat_types, enabled: true },
        { name: 'tencent', url: tencent.url, dialect: 'tencent', chat_types, enabled: true },
      ].map((rule) => stage.api.admin('POST', '/callback-rules', rule));
      rules = (await Promise.all(made)).map(({ body }) => String(body['id']));
    });

    afterEach(async () => {
      await Promise.all(rules.map((id) => stage.api.admin('DELETE', `/callback-rules/${id}`)));
      await Promise.all([easemob.close(), tencent.close()]);
    });

    /** alice's recall by the client of her SDK, and what it was of. */
    async function recalledByClient(chatType: ChatType) {
      const { alice, bob, to } = await given(chatType);
      const mid = await settle(alice, to, chatType, bob);
      await alice.recall(mid, to, chatType);
      return { alice, to, mid };
    }

    it.each(chatTypes)('hears of a client’s recall in both dialects, in a %s', async (chatType) => {
      const { alice, to, mid } = await recalledByClient(chatType);

      const toEasemob = await only(easemob, ({ body }) => body['recall_id'] === mid);
      const inGroup = chatType === 'singleChat' ? {} : { group_id: to };
      expect(toEasemob.body).toMatchObject({
        ...{ chat_type: 'recall', eventType: 'chat', from: alice.user, to, ...inGroup },
        payload: { ack_message_id: mid, bodies: [] },
      });
      const toTencent = await only(tencent, ({ text }) => text.includes(to));
      expect(toTencent.body).toMatchObject(
        chatType === 'singleChat'
          ? { From_Account: alice.user, To_Account: to }
          : { Operator_Account: alice.user, GroupId: to, MsgSeqList: [{ MsgSeq: 1 }] },
      );
      expect(Object.fromEntries(toTencent.url.searchParams)).toMatchObject({
        ClientIP: '127.0.0.1',
        OptPlatform: 'Web',
      });
    });

    it('finds in the audit trail who did it, how and from where', async () => {
      const { alice, mid } = await recalledByClient('singleChat');

      const trail = await stage.api.admin('GET', `/messages/${mid}/events`);

      const origin = { via: 'client', platform: 'Web', ip: '127.0.0.1' };
      expect(trail.body['entities']).toMatchObject([
        { type: 'MessageSent', actor: alice.user, data: { origin, from: alice.user } },
        { type: 'MessageRecalled', actor: alice.user, data: { origin, by: alice.user, forced: false } },
      ]);
      expect(trail.text).not.toContain('end ');
    });
  });
});

/** The only callback of its kind. */
async function only(
  receiver: Receiver,
  matches: (callback: ReceivedCallback) => boolean,
): Promise<ReceivedCallback> {
  await receiver.until((received) => received.some(matches));
  const [found, ...more] = receiver.received.filter(matches);
  expect(more).toEqual([]);
  return found as ReceivedCallback;
}
