import { describe, expect, it } from 'vitest';
import { makeGroup, makeRoom, meet, recallByRest, settle } from '../support/sdk/chats.js';
import type { SdkObject } from '../support/sdk/bundle.js';
import type { SdkClient } from '../support/sdk/client.js';
import { describeWithSdks } from '../support/sdk/stage.js';

const textsOf = (device: SdkClient) => device.take('onTextMessage').map(({ msg }) => msg);
const numbered = (from: number, through: number) =>
  Array.from({ length: through - from + 1 }, (_, n) => `no. ${from + n}`);

describeWithSdks((stage) => {
  /** Sends texts at once; answers their ids. */
  async function say(from: SdkClient, to: string, said: readonly string[]): Promise<readonly string[]> {
    const sent = await Promise.all(said.map((msg) => from.sendText(to, msg)));
    return sent.map(({ serverMsgId }) => serverMsgId);
  }

  /** Logs a device in that something is waiting for, and waits until it has all of it. */
  async function returning(user: string, device: string): Promise<SdkClient> {
    const client = await stage.connect(user, { device });
    await client.next('onOfflineMessageSyncStart');
    await client.next('onOfflineMessageSyncFinish');
    return client;
  }

  describe('who was away', () => {
    it.each([1, 45, 500])('gets %i messages in order, each once', async (count) => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.absent('bob')]);
      const said = numbered(1, count);
      const ids = await say(alice, bob, said);

      const device = await returning(bob, 'one');

      await settle(alice, bob, 'singleChat', device);
      const heard = device.take('onTextMessage');
      expect(heard.map(({ msg }) => msg)).toEqual(said);
      expect(heard.map(({ id }) => id)).toEqual(ids);
      expect(device.take('onOfflineMessageSyncStart')).toEqual([]);
      expect(device.take('onOfflineMessageSyncFinish')).toEqual([]);
    });

    it('gets nothing when there is nothing', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.absent('bob')]);

      const device = await stage.connect(bob);

      await settle(alice, bob, 'singleChat', device);
      for (const event of ['onTextMessage', 'onOfflineMessageSyncStart', 'onError'] as const) {
        expect(device.take(event)).toEqual([]);
      }
    });

    it('gets what was said in every chat', async () => {
      const [alice, carol] = await Promise.all([stage.arrive('alice'), stage.arrive('carol')]);
      const bob = await stage.absent('bob');
      const group = await makeGroup(stage.api, alice.user, [bob]);
      const room = await makeRoom(stage.api, alice.user, [bob]);
      await alice.sendText(bob, 'from alice');
      await carol.sendText(bob, 'from carol');
      await alice.sendText(group, 'to the group', 'groupChat');
      await alice.sendText(room, 'to the room', 'chatRoom');

      const device = await returning(bob, 'one');

      for (const msg of ['from alice', 'from carol', 'to the group', 'to the room']) {
        await device.next('onTextMessage', (event) => event['msg'] === msg);
      }
      await settle(carol, bob, 'singleChat', device);
      expect(textsOf(device)).toEqual([]);
    });

    it('gets all of it on each of two devices', async () => {
      const alice = await stage.arrive('alice');
      const before = await stage.arrive('bob', { device: 'one' });
      const { user: bob } = before;
      await stage.leave(await stage.connect(bob, { device: 'two' }));
      await stage.leave(before);
      const said = numbered(1, 30);
      await say(alice, bob, said);

      const devices = [await returning(bob, 'one'), await returning(bob, 'two')];

      await settle(alice, bob, 'singleChat', ...devices);
      for (const device of devices) expect(textsOf(device)).toEqual(said);
    });
  });

  describe('a device with a new name', () => {
    it('gets what its user has nowhere yet, and nothing of the rest', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.absent('bob')]);
      await say(alice, bob, numbered(1, 5));
      const old = await returning(bob, 'old');
      expect(textsOf(old)).toEqual(numbered(1, 5));
      await stage.leave(old);
      await say(alice, bob, numbered(6, 8));

      const fresh = await returning(bob, 'new');

      await settle(alice, bob, 'singleChat', fresh);
      expect(textsOf(fresh)).toEqual(numbered(6, 8));
    });
  });

  describe('a device that logs in again', () => {
    it('gets nothing that it has got', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.absent('bob')]);
      await say(alice, bob, numbered(1, 45));
      const before = await returning(bob, 'one');
      expect(textsOf(before)).toEqual(numbered(1, 45));
      await stage.leave(before);

      const after = await stage.connect(bob, { device: 'one' });

      await settle(alice, bob, 'singleChat', after);
      expect(textsOf(after)).toEqual([]);
    });
  });

  describe('meanwhile', () => {
    it('recalled messages do not come: notices of them do, also of those that had come', async () => {
      const [alice, bob] = await Promise.all([stage.arrive('alice'), stage.absent('bob')]);
      const [seen = ''] = await say(alice, bob, ['seen']);
      await stage.leave(await returning(bob, 'one'));
      const [unseen = '', byApp = '', kept] = await say(alice, bob, ['unseen', 'by the app', 'kept']);
      await alice.recall(seen, bob);
      await alice.recall(unseen, bob, 'singleChat', 'sorry');
      await recallByRest(stage.api, byApp, bob);

      const device = await returning(bob, 'one');

      await settle(alice, bob, 'singleChat', device);
      expect(device.take('onTextMessage')).toMatchObject([{ id: kept, msg: 'kept' }]);
      const notices = device.take('onRecallMessage').map(({ mid, ext }: SdkObject) => ({ mid, ext }));
      expect(notices).toEqual([
        { mid: seen, ext: '' },
        { mid: unseen, ext: 'sorry' },
        { mid: byApp, ext: '' },
      ]);
    });

    it('messages are read, and their author hears of it', async () => {
      const bob = await stage.arrive('bob');
      const alice = await stage.arrive('alice', { device: 'one', options: { delivery: true } });
      await stage.leave(bob);
      const sender = await stage.connect(bob.user, { device: 'two' });
      const mid = await settle(sender, alice.user, 'singleChat', alice);
      expect(await sender.next('onDeliveredMessage')).toMatchObject({ mid });
      await stage.leave(sender);
      await alice.send({ type: 'read', chatType: 'singleChat', to: bob.user, id: mid });
      await alice.send({ type: 'channel', chatType: 'singleChat', to: bob.user });

      const device = await returning(bob.user, 'two');

      const from = alice.user;
      expect(await device.next('onReadMessage')).toMatchObject({ mid, from });
      expect(await device.next('onChannelMessage')).toMatchObject({ from });
      await settle(alice, bob.user, 'singleChat', device);
      for (const event of ['onReadMessage', 'onChannelMessage', 'onTextMessage'] as const) {
        expect(device.take(event)).toEqual([]);
      }
    });

    it.each(['singleChat', 'groupChat'] as const)(
      'a %s is deleted with its history, and only its deletion comes',
      async (chatType) => {
        const alice = await stage.arrive('alice');
        const bob = await stage.arrive('bob', { device: 'one' });
        const to = await meet(stage.api, chatType, alice.user, bob.user);
        const channel = chatType === 'singleChat' ? alice.user : to;
        await stage.leave(bob);
        await alice.sendText(to, 'unseen', chatType);
        const type = chatType === 'singleChat' ? 'chat' : 'groupchat';
        const path = `/users/${bob.user}/user_channel`;
        await stage.api.app('DELETE', path, { channel, type, delete_roam: true });

        const device = await returning(bob.user, 'one');

        const deletion = { operation: 'deleteConversation', conversationId: channel };
        expect(await device.next('onMultiDeviceEvent')).toMatchObject(deletion);
        await settle(alice, to, chatType, device);
        expect(textsOf(device)).toEqual([]);
      },
    );
  });
});
