import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findNatsServer } from '../../scripts/lib/natsServer.mjs';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { startNodes } from '../support/nodes.js';
import type { Nodes, TestNode } from '../support/nodes.js';
import { historyOf } from '../support/sdk/chats.js';
import { sdkNames } from '../support/sdk/bundle.js';
import type { SdkName } from '../support/sdk/bundle.js';
import { errorOf } from '../support/sdk/client.js';
import type { SdkClient } from '../support/sdk/client.js';
import { openSdk } from '../support/sdk/sdk.js';
import type { ConnectOptions, OpenSdk } from '../support/sdk/sdk.js';
import { newUser, password } from '../support/sdk/users.js';
import { openTcpProxy } from '../support/tcpProxy.js';
import type { TcpProxy } from '../support/tcpProxy.js';

const brokers = [
  ['without a broker', false, true],
  ['with a broker', true, findNatsServer() !== undefined],
] as const;

const numbered = (text: string, count: number) => Array.from({ length: count }, (_, n) => `${text} ${n}`);

describe.each(brokers)('devices of one user on several nodes, %s', (_, nats, isThere) => {
  describe.skipIf(findPostgres() === undefined || !isThere)('on PostgreSQL', () => {
    let postgres: PostgresServer;
    let cluster: Nodes;
    let sdks: Readonly<Record<SdkName, OpenSdk>>;

    beforeAll(async () => {
      postgres = await startPostgres();
      cluster = await startNodes(postgres, 3, { nats });
    });
    afterAll(async () => {
      await cluster.close();
      await postgres.stop();
    });
    function node(index: number): TestNode {
      const found = cluster.nodes[index];
      if (found === undefined) throw new Error(`there are three nodes, not ${index + 1}`);
      return found;
    }

    function openSdks(): void {
      const { url } = node(0);
      sdks = { 'easemob-websdk': openSdk('easemob-websdk', url), 'agora-chat': openSdk('agora-chat', url) };
    }
    async function closeSdks(): Promise<void> {
      for (const sdk of Object.values(sdks)) await sdk.close();
    }

    const at = (url: string, more: object = {}) => ({
      options: { url: `${url.replace('http', 'ws')}/websocket`, apiUrl: url, ...more },
    });
    const connect = (
      sdk: SdkName,
      user: string,
      url: string,
      more: ConnectOptions = {},
    ): Promise<SdkClient> =>
      sdks[sdk].connect({ user, pwd: password }, { ...more, ...at(url, more.options) });

    /** alice on the first node and, with the other SDK, on the second; bob on the third. */
    async function aliceTwiceAndBob() {
      const [user, peer] = [await newUser(node(0).api, 'alice'), await newUser(node(1).api, 'bob')];
      return {
        one: await connect('easemob-websdk', user, node(0).url, { device: 'one' }),
        two: await connect('agora-chat', user, node(1).url, { device: 'two' }),
        bob: await connect('easemob-websdk', peer, node(2).url),
      };
    }

    /** So many texts that a device shows next. */
    async function hear(device: SdkClient, count: number): Promise<unknown[]> {
      const texts = [];
      for (let n = 0; n < count; n += 1) texts.push((await device.next('onTextMessage'))['msg']);
      return texts;
    }

    describe('at the same time', () => {
      beforeAll(openSdks);
      afterAll(closeSdks);

      it.concurrent(
        'given a message to them and one of their own, then each device gets what the others did',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();

          const { serverMsgId } = await bob.sendText(one.user, 'to both');
          for (const device of [one, two]) {
            expect(await device.next('onTextMessage')).toMatchObject({ id: serverMsgId, from: bob.user });
          }
          const own = await two.sendText(bob.user, 'of one');
          for (const device of [one, bob]) {
            expect(await device.next('onTextMessage')).toMatchObject({ id: own.serverMsgId, from: one.user });
          }
          expect(two.take('onTextMessage')).toEqual([]);
        },
      );

      it.concurrent(
        'given a recall by a device or by REST at any node, then each device hears of it once',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();
          const byClient = await one.sendText(bob.user, 'recalled by a device');
          const byRest = await bob.sendText(one.user, 'recalled by REST');
          for (const device of [two, bob]) await device.next('onTextMessage');

          await one.recall(byClient.serverMsgId, bob.user);
          for (const device of [two, bob]) {
            expect(await device.next('onRecallMessage')).toMatchObject({ mid: byClient.serverMsgId });
          }
          expect((await node(1).api.recall(byRest.serverMsgId, one.user)).status).toBe(200);
          for (const device of [one, two, bob]) {
            expect(await device.next('onRecallMessage')).toMatchObject({ mid: byRest.serverMsgId });
          }
          for (const device of [one, two, bob]) expect(device.take('onRecallMessage')).toEqual([]);
        },
      );

      it.concurrent(
        'given a recall by REST that spares its sender, then the sender’s devices hear of the next one alone',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();
          const spared = await bob.sendText(one.user, 'spared');
          const told = await bob.sendText(one.user, 'told');

          await node(0).api.recall(spared.serverMsgId, one.user, { sync_device: false });
          await node(1).api.recall(told.serverMsgId, one.user, { sync_device: true });

          expect(await bob.next('onRecallMessage')).toMatchObject({ mid: told.serverMsgId });
          for (const device of [one, two]) {
            expect(await device.next('onRecallMessage')).toMatchObject({ mid: spared.serverMsgId });
            expect(await device.next('onRecallMessage')).toMatchObject({ mid: told.serverMsgId });
          }
        },
      );

      it.concurrent(
        'given a device that logs in at another node, then its former session is told and the new one is not',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();

          const again = await connect('easemob-websdk', one.user, node(2).url, { device: 'one' });

          expect(await one.next('onError')).toMatchObject({ type: 206 });
          await one.next('onDisconnected');
          const { serverMsgId } = await bob.sendText(one.user, 'after it');
          for (const device of [again, two]) {
            expect(await device.next('onTextMessage')).toMatchObject({ id: serverMsgId });
            expect(device.take('onError')).toEqual([]);
          }
          expect(one.take('onTextMessage')).toEqual([]);
          expect(one.take('onReconnecting')).toEqual([]);
        },
      );

      it.concurrent.each<[string, number, (at: TestNode, user: string) => Promise<unknown>]>([
        ['is disconnected', 217, ({ api }, user) => api.app('GET', `/users/${user}/disconnect`)],
        [
          'gets another password',
          216,
          ({ api }, user) => api.app('PUT', `/users/${user}/password`, { newpassword: 'another' }),
        ],
        ['is removed', 207, ({ api }, user) => api.app('DELETE', `/users/${user}`)],
      ])('given that their user %s at a third node, then each is told: %i', async (__, type, deed) => {
        const { one, two, bob } = await aliceTwiceAndBob();

        await deed(node(2), one.user);

        for (const device of [one, two]) {
          expect(await device.next('onError')).toMatchObject({ type });
          await device.next('onDisconnected');
          expect(device.take('onReconnecting')).toEqual([]);
        }
        expect(bob.connection.isOpened()).toBe(true);
      });

      it.concurrent(
        'given that one of them is disconnected at a third node, then that one is told alone',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();

          await node(2).api.app('DELETE', `/users/${one.user}/disconnect/webim_web_one`);

          expect(await one.next('onError')).toMatchObject({ type: 217 });
          const { serverMsgId } = await bob.sendText(one.user, 'to the other one');
          expect(await two.next('onTextMessage')).toMatchObject({ id: serverMsgId });
          expect(two.take('onError')).toEqual([]);
        },
      );

      it.concurrent(
        'given that one deletes a conversation, then the other one is told, and nobody else',
        async () => {
          const { one, two, bob } = await aliceTwiceAndBob();
          await bob.sendText(one.user, 'unwanted');
          for (const device of [one, two]) await device.next('onTextMessage');

          await one.call('deleteConversation', {
            channel: bob.user,
            chatType: 'singleChat',
            deleteRoam: true,
          });

          expect(await two.next('onMultiDeviceEvent')).toMatchObject({
            operation: 'deleteConversation',
            conversationId: bob.user,
          });
          expect([...one.take('onMultiDeviceEvent'), ...bob.take('onMultiDeviceEvent')]).toEqual([]);
        },
      );
    });

    describe('behind a balancer', () => {
      let balancer: TcpProxy;

      beforeEach(async () => {
        openSdks();
        balancer = await openTcpProxy(node(0).url);
      });
      afterEach(async () => {
        await closeSdks();
        await balancer.close();
      });

      /** Sends a text, and does not wait. */
      function underWay(device: SdkClient, to: string, msg: string) {
        const message = device.create({ type: 'txt', to, msg, chatType: 'singleChat' });
        const sent = errorOf(device.call('send', message));
        return { message, msg, sent };
      }

      it.each(sdkNames)(
        'given a node that is killed under %s, then another one goes on: nothing is lost, or there twice',
        async (sdk) => {
          const [user, peer] = [await newUser(node(1).api, 'carol'), await newUser(node(1).api, 'bob')];
          const device = await connect(sdk, user, balancer.url);
          const bob = await connect('easemob-websdk', peer, node(2).url);
          const [seen, missed] = [numbered('seen', 20), numbered('missed', 25)];
          for (const text of seen) await bob.sendText(user, text);
          expect(await hear(device, seen.length)).toEqual(seen);

          // These arrive, but not the word that they did.
          balancer.stall('client');
          const arrived = numbered('arrived', 10).map((text) => underWay(device, peer, text));
          const heard = await hear(bob, arrived.length);
          // These do not arrive at all.
          balancer.stall('server');
          const lost = numbered('lost', 10).map((text) => underWay(device, peer, text));
          await node(0).kill();
          balancer.leadTo(node(1).url);
          balancer.cut();
          for (const text of missed) await bob.sendText(user, text);
          for (const { message, sent } of [...arrived, ...lost]) {
            await sent;
            await device.call('send', message);
          }

          expect(await hear(device, missed.length)).toEqual(missed);
          heard.push(...(await hear(bob, lost.length)));
          expect(heard).toEqual([...arrived, ...lost].map(({ msg }) => msg));
          await device.sendText(peer, 'the last one');
          await bob.sendText(user, 'the last answer');
          expect([await hear(device, 1), await hear(bob, 1)]).toEqual([
            ['the last answer'],
            ['the last one'],
          ]);
          expect([...device.take('onTextMessage'), ...bob.take('onTextMessage')]).toEqual([]);
          const own = (await historyOf(bob, user)).filter(({ from }) => from === user).map(({ msg }) => msg);
          expect(own.reverse()).toEqual([...heard, 'the last one']);
          for (const each of Object.values(sdks)) each.takeConsoleErrors();
          await node(0).start();
        },
        60_000,
      );
    });
  });
});
