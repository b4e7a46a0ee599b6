import { describe, expect, it } from 'vitest';
import {
  conversationsOf,
  historyOf,
  makeGroup,
  makeRoom,
  meet,
  sendByRest,
  settle,
} from '../support/sdk/chats.js';
import type { SdkObject } from '../support/sdk/bundle.js';
import { errorOf } from '../support/sdk/client.js';
import type { ChatType } from '../support/sdk/client.js';
import type { SdkEventName } from '../support/sdk/events.js';
import { describeWithSdks } from '../support/sdk/stage.js';

const fileText = 'bytes of a file';
const file = (filename = 'a.bin') => ({ filename, filetype: 'bin', data: new Blob([fileText]) });
const oldMessage = {
  id: '1',
  type: 'txt',
  chatType: 'singleChat',
  msg: 'old',
  from: 'bob',
  to: 'al',
  time: 1,
};
const combined = { title: 'Chat', summary: 'bob: old', compatibleText: 'not supported' };

/** A kind of message: how an app makes it, the event of its receiver, and what the receiver sees. */
type Kind = readonly [type: string, make: () => object, event: SdkEventName, shown: object];

const kinds: readonly Kind[] = [
  ['txt', () => ({ msg: '你好 👋' }), 'onTextMessage', { msg: '你好 👋' }],
  [
    'img',
    () => ({ file: file(), width: 4, height: 3 }),
    'onImageMessage',
    { width: 4, height: 3, file_length: fileText.length },
  ],
  [
    'audio',
    () => ({ file: file('a.mp3'), filename: 'a.mp3', length: 2 }),
    'onAudioMessage',
    { filename: 'a.mp3', length: 2 },
  ],
  [
    'video',
    () => ({ file: file('a.mp4'), filename: 'a.mp4', length: 3 }),
    'onVideoMessage',
    { filename: 'a.mp4', length: 3 },
  ],
  ['file', () => ({ file: file(), filename: 'a.bin' }), 'onFileMessage', { filename: 'a.bin' }],
  [
    'loc',
    () => ({ lat: 39.9, lng: -116.3, addr: '西城区', buildingName: 'Tower' }),
    'onLocationMessage',
    { lat: 39.9, lng: -116.3, addr: '西城区', buildingName: 'Tower' },
  ],
  [
    'custom',
    () => ({ customEvent: 'order', customExts: { tea: 'green' } }),
    'onCustomMessage',
    { customEvent: 'order', customExts: { tea: 'green' } },
  ],
  ['cmd', () => ({ action: 'refresh' }), 'onCmdMessage', { action: 'refresh' }],
  ['combine', () => ({ ...combined, messageList: [oldMessage] }), 'onCombineMessage', combined],
];

/** The same as an app's backend makes them. */
const restKinds: readonly Kind[] = [
  ['txt', () => ({ msg: '你好 👋' }), 'onTextMessage', { msg: '你好 👋' }],
  [
    'img',
    () => ({ filename: 'a.png', url: 'http://a/b.png', secret: 's', size: { width: 4, height: 3 } }),
    'onImageMessage',
    { width: 4, height: 3, secret: 's' },
  ],
  [
    'audio',
    () => ({ filename: 'a.mp3', url: 'http://a/b.mp3', secret: 's', length: 2 }),
    'onAudioMessage',
    { filename: 'a.mp3', length: 2, secret: 's' },
  ],
  [
    'video',
    () => ({ filename: 'a.mp4', url: 'http://a/b.mp4', thumb: 'http://a/t', length: 3, file_length: 9 }),
    'onVideoMessage',
    { filename: 'a.mp4', length: 3, file_length: 9 },
  ],
  [
    'file',
    () => ({ filename: 'a.bin', url: 'http://a/b', secret: 's' }),
    'onFileMessage',
    { filename: 'a.bin' },
  ],
  [
    'loc',
    () => ({ lat: '39.9', lng: '-116.3', addr: '西城区' }),
    'onLocationMessage',
    { lat: 39.9, lng: -116.3, addr: '西城区' },
  ],
  [
    'custom',
    () => ({ customEvent: 'order', customExts: { tea: 'green' } }),
    'onCustomMessage',
    { customEvent: 'order', customExts: { tea: 'green' } },
  ],
  ['cmd', () => ({ action: 'refresh' }), 'onCmdMessage', { action: 'refresh' }],
];

const chatTypes: readonly ChatType[] = ['singleChat', 'groupChat', 'chatRoom'];
const texts = (events: readonly SdkObject[]) => events.map(({ msg }) => msg);

describeWithSdks((stage) => {
  describe('a message', () => {
    it.each(chatTypes)(
      'of every kind reaches the receiver and the sender’s other device, in a %s',
      async (chatType) => {
        const alice = await stage.arrive('alice', { device: 'one' });
        const other = await stage.connect(alice.user, { device: 'two' });
        const bob = await stage.arrive('bob');
        const to = await meet(stage.api, chatType, alice.user, bob.user);

        for (const [type, make, event, shown] of kinds) {
          const { serverMsgId: id } = await alice.send({ type, chatType, to, ...make() });

          for (const device of [bob, other]) {
            const expected = { id, type, chatType, from: alice.user, to, ...shown };
            expect(await device.next(event)).toMatchObject(expected);
          }
          expect(await alice.next('onReceivedMessage')).toMatchObject({ mid: id, to });
          expect(alice.take(event)).toEqual([]);
        }
        const target = chatType === 'singleChat' ? alice.user : to;
        const shown = kinds.map(([type, , , fields]) => ({
          type,
          chatType,
          from: alice.user,
          to,
          ...fields,
        }));
        expect(await historyOf(bob, target, chatType)).toMatchObject(shown.reverse());
      },
    );

    it('with a file says where it is, and the receiver gets its bytes', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);

      await alice.send({
        type: 'img',
        chatType: 'singleChat',
        to: bob.user,
        file: file(),
        width: 4,
        height: 3,
      });

      const { url } = await bob.next('onImageMessage');
      expect(url).toMatch(`${stage.api.appUrl}/chatfiles/`);
      expect(await (await fetch(String(url))).text()).toBe(fileText);
    });

    it('with a large file arrives, though nothing is uploaded in parts', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      const data = new Blob([new Uint8Array(8 * 1024 * 1024)]);
      const large = { filename: 'large.bin', filetype: 'bin', data };

      await alice.send({
        type: 'file',
        chatType: 'singleChat',
        to: bob.user,
        file: large,
        filename: 'large.bin',
      });

      const { url, filename } = await bob.next('onFileMessage');
      expect(filename).toBe('large.bin');
      expect((await (await fetch(String(url))).arrayBuffer()).byteLength).toBe(data.size);
    });

    it('that combines others gives them to the receiver', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      const messageList = [oldMessage, { ...oldMessage, id: '2', msg: 'older' }];
      await alice.send({ type: 'combine', chatType: 'singleChat', to: bob.user, ...combined, messageList });

      const { url, secret } = await bob.next('onCombineMessage');
      const inside = await bob.call('downloadAndParseCombineMessage', { url, secret });

      expect(texts(inside as unknown as readonly SdkObject[])).toEqual(['old', 'older']);
    });

    it('keeps every value of its extension, and its text to the letter', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      const ext = {
        text: '撤回 ✔',
        empty: '',
        whole: 7,
        negative: -7,
        large: 2_147_483_647,
        fraction: 0.5,
        yes: true,
        no: false,
        object: { a: [1, 'b', { c: null }] },
        list: [1, 'two'],
      };
      const msg = '寄错了 👨‍👩‍👧 "quoted" <b>\n\tשלום \u2028 ' + '长'.repeat(1_000);

      await alice.send({ type: 'txt', chatType: 'singleChat', to: bob.user, msg, ext });

      expect(await bob.next('onTextMessage')).toMatchObject({ msg, ext });
    });

    it('is one of a hundred at once, and they arrive in order on each device', async () => {
      const alice = await stage.arrive('alice', { device: 'one' });
      const other = await stage.connect(alice.user, { device: 'two' });
      const bob = await stage.arrive('bob');
      const sent = Array.from({ length: 100 }, (_, n) => `no. ${n}`);

      const answers = await Promise.all(sent.map((msg) => alice.sendText(bob.user, msg)));

      await settle(alice, bob.user, 'singleChat', bob, other);
      for (const device of [bob, other]) {
        const heard = device.take('onTextMessage');
        expect(texts(heard)).toEqual(sent);
        expect(heard.map(({ id }) => id)).toEqual(answers.map(({ serverMsgId }) => serverMsgId));
      }
    });

    it('larger than a message may be is refused: 511, and the next one arrives', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);

      expect(await errorOf(alice.sendText(bob.user, 'x'.repeat(7_000)))).toMatchObject({ type: 511 });

      await settle(alice, bob.user, 'singleChat', bob);
      expect(bob.take('onTextMessage')).toEqual([]);
    });

    it('for connected devices alone is nowhere afterwards', async () => {
      const [alice, bob, carol] = await Promise.all([
        stage.arrive('alice'),
        stage.arrive('bob'),
        stage.absent('carol'),
      ]);
      const online = { type: 'txt', chatType: 'singleChat', msg: 'now or never', deliverOnlineOnly: true };

      for (const to of [bob.user, carol]) await alice.send({ ...online, to });

      expect(await bob.next('onTextMessage')).toMatchObject({ msg: 'now or never' });
      const late = await stage.connect(carol);
      await settle(alice, carol, 'singleChat', late);
      expect(late.take('onTextMessage')).toEqual([]);
      expect(await historyOf(bob, alice.user)).toEqual([]);
      expect(await conversationsOf(bob)).toEqual([]);
    });
  });

  describe('an acknowledgement', () => {
    it('of delivery is sent by the receiver’s SDK and tells the sender', async () => {
      const alice = await stage.arrive('alice');
      const bob = await stage.arrive('bob', { options: { delivery: true } });

      const { serverMsgId: mid } = await alice.sendText(bob.user, 'hello');

      const { user: to } = alice;
      expect(await alice.next('onDeliveredMessage')).toMatchObject({ mid, from: bob.user, to });
    });

    it('of reading tells the sender, in a group with what the reader says', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      const group = await makeGroup(stage.api, alice.user, [bob.user]);
      const { serverMsgId: id } = await alice.sendText(bob.user, 'to you');
      const asked = { type: 'txt', chatType: 'groupChat', to: group, msg: 'to all' };
      const { serverMsgId: groupId } = await alice.send({ ...asked, msgConfig: { allowGroupAck: true } });

      await bob.send({ type: 'read', chatType: 'singleChat', to: alice.user, id });
      const inGroup = { type: 'read', chatType: 'groupChat', to: group, id: groupId, ackContent: 'seen' };
      await bob.send(inGroup);

      const from = bob.user;
      expect(await alice.next('onReadMessage', ({ mid }) => mid === id)).toMatchObject({ from });
      expect(await alice.next('onReadMessage', ({ mid }) => mid === groupId)).toMatchObject({
        from,
        to: group,
      });
    });

    it('of a conversation tells the peer and the reader’s other device', async () => {
      const alice = await stage.arrive('alice');
      const bob = await stage.arrive('bob', { device: 'one' });
      const other = await stage.connect(bob.user, { device: 'two' });
      await settle(alice, bob.user, 'singleChat', bob, other);

      await bob.send({ type: 'channel', chatType: 'singleChat', to: alice.user });

      for (const device of [alice, other]) {
        expect(await device.next('onChannelMessage')).toMatchObject({ from: bob.user, to: alice.user });
      }
      expect(bob.take('onChannelMessage')).toEqual([]);
    });
  });

  describe('the app’s backend', () => {
    /** The last message of each of a user's conversations. */
    async function previewsOf(user: string): Promise<readonly object[]> {
      const { body } = await stage.api.app('GET', `/users/${user}/user_channels`);
      const { channel_infos: channels } = body['data'] as {
        channel_infos: readonly { meta: { id: string; payload: string } }[];
      };
      return channels.map(({ meta: { id, payload } }) => ({ id, preview: JSON.parse(payload) as object }));
    }

    it.each(chatTypes)('sends every kind of message, in a %s', async (chatType) => {
      const [alice, bob] = await Promise.all([stage.absent('alice'), stage.arrive('bob')]);
      const to = await meet(stage.api, chatType, alice, bob.user);

      for (const [type, make, event, shown] of restKinds) {
        const message = { from: alice, to, type, body: make(), ext: { from: 'backend', n: 1 } };
        const id = await sendByRest(stage.api, message, chatType);

        const heard = await bob.next(event);
        expect(heard).toMatchObject({ id, type, chatType, from: alice, to, ...shown });
        expect(heard['ext']).toMatchObject({ from: 'backend', n: 1 });
      }
    });

    it('sees in its lists what a client sent, but for commands', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      let newest = {};
      for (const [type, make] of kinds) {
        const ext = { kind: type };
        const message = { type, chatType: 'singleChat', to: bob.user, ext, ...make() };
        const { serverMsgId: id } = await alice.send(message);
        const preview = { bodies: [{ type }], ext, from: alice.user, to: bob.user };
        if (type !== 'cmd') newest = { id, preview };

        const [last, ...more] = await previewsOf(bob.user);

        expect(more).toEqual([]);
        expect(last).toMatchObject(newest);
      }
      expect(await stage.api.roaming(bob.user, `${alice.user}@easemob.com`)).toHaveLength(kinds.length);
    });
  });

  describe('in a group', () => {
    it('members hear, and nobody else: 602 for a stranger, 605 for a group that is not there', async () => {
      const [alice, bob, eve] = await Promise.all([
        stage.arrive('alice'),
        stage.arrive('bob'),
        stage.arrive('eve'),
      ]);
      const group = await makeGroup(stage.api, alice.user, [bob.user]);

      expect(await errorOf(eve.sendText(group, 'let me in', 'groupChat'))).toMatchObject({ type: 602 });
      expect(await errorOf(alice.sendText('8', 'anybody?', 'groupChat'))).toMatchObject({ type: 605 });

      await settle(alice, group, 'groupChat', bob);
      await settle(alice, eve.user, 'singleChat', eve);
      expect(bob.take('onTextMessage')).toEqual([]);
      expect(eve.take('onTextMessage')).toEqual([]);
    });

    it('a directed message is for those whom it names', async () => {
      const [alice, bob, carol] = await Promise.all([
        stage.arrive('alice'),
        stage.arrive('bob'),
        stage.arrive('carol'),
      ]);
      const group = await makeGroup(stage.api, alice.user, [bob.user, carol.user]);

      const directed = { type: 'txt', chatType: 'groupChat', to: group, msg: 'only bob' };
      await alice.send({ ...directed, receiverList: [bob.user] });

      expect(await bob.next('onTextMessage')).toMatchObject({ msg: 'only bob', to: group });
      await settle(alice, group, 'groupChat', bob, carol);
      expect(carol.take('onTextMessage')).toEqual([]);
      expect(texts(await historyOf(bob, group, 'groupChat'))).toContain('only bob');
      expect(texts(await historyOf(carol, group, 'groupChat'))).not.toContain('only bob');
    });
  });

  describe('in a room', () => {
    it('who joins hears and speaks until leaving: 602, and 605 for a room that is not there', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.arrive('bob')]);
      const room = await makeRoom(stage.api, alice.user, []);
      expect(await errorOf(bob.sendText(room, 'too early', 'chatRoom'))).toMatchObject({ type: 602 });

      await bob.call('joinChatRoom', { roomId: room });
      await settle(alice, room, 'chatRoom', bob);
      await settle(bob, room, 'chatRoom', alice);
      await bob.call('leaveChatRoom', { roomId: room });

      expect(await errorOf(bob.sendText(room, 'too late', 'chatRoom'))).toMatchObject({ type: 602 });
      expect(await errorOf(bob.sendText('8', 'anybody?', 'chatRoom'))).toMatchObject({ type: 605 });
      await alice.sendText(room, 'gone?', 'chatRoom');
      await settle(alice, bob.user, 'singleChat', bob);
      expect(bob.take('onTextMessage')).toEqual([]);
      expect(alice.take('onTextMessage')).toEqual([]);
    });
  });
});
