import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApi } from '../support/api.js';
import type { Api } from '../support/api.js';
import { sdkNames } from '../support/sdk/bundle.js';
import { errorOf } from '../support/sdk/client.js';
import type { Login, SdkClient } from '../support/sdk/client.js';
import { openSdk } from '../support/sdk/sdk.js';
import type { OpenSdk } from '../support/sdk/sdk.js';
import { metric, newUser, password, userToken } from '../support/sdk/users.js';
import { startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';
import { openTcpProxy } from '../support/tcpProxy.js';
import type { TcpProxy } from '../support/tcpProxy.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let proxy: TcpProxy;
let api: Api;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startServer(folder.dir);
  proxy = await openTcpProxy(server.url);
  api = await createApi(server.url);
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
  await folder.remove();
});

/** Waits for what takes its time somewhere else. */
const eventually = (check: () => Promise<void> | void) =>
  vi.waitFor(check, { timeout: 20_000, interval: 50 });
const sessions = () => metric(server.url, 'recalld_sessions');

describe.each(sdkNames)('%s', (name) => {
  let sdk: OpenSdk;
  /** How the server sees a logout: agora-chat closes its socket without a word. */
  const farewell = name === 'agora-chat' ? 'left' : 'loggedOut';

  beforeEach(() => {
    sdk = openSdk(name, proxy.url);
  });

  afterEach(async () => {
    proxy.open();
    await sdk.close();
    await eventually(async () => expect(await sessions()).toBe(0));
  });

  /** Sees that a message from one reaches the other. */
  async function expectTalk(from: SdkClient, to: SdkClient, msg = 'hello'): Promise<void> {
    const { serverMsgId } = await from.sendText(to.user, msg);
    const heard = await to.next('onTextMessage');
    expect(heard).toMatchObject({
      id: serverMsgId,
      from: from.user,
      to: to.user,
      msg,
      chatType: 'singleChat',
    });
  }

  /** What the SDK makes of a login that the server refuses. */
  async function refusedLogin(
    login: Login,
    options: object = {},
  ): Promise<{ type: number; message: string }> {
    const page = sdk.page(login.user, { options });
    const { type, message } = await errorOf(page.login(login));
    await eventually(() => expect(page.connection.isOpened()).toBe(false));
    expect(sdk.takeConsoleErrors().join('\n')).toContain('login failed');
    return { type, message };
  }

  describe('a login', () => {
    it('with a password is one, and so is one with a token', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
      const byPassword = await sdk.connect({ user: alice, pwd: password });
      const byToken = await sdk.connect({ user: bob, accessToken: await userToken(api, bob) });

      await expectTalk(byPassword, byToken);
      await expectTalk(byToken, byPassword);
      expect(await sessions()).toBe(2);
    });

    it('whose user has several devices is one on each, and all of them hear', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
      const first = await sdk.connect({ user: alice, pwd: password }, { device: 'first' });
      const second = await sdk.connect({ user: alice, pwd: password }, { device: 'second' });
      const other = await sdk.connect({ user: bob, pwd: password });

      const { serverMsgId } = await other.sendText(alice, 'to both');
      for (const device of [first, second]) {
        expect(await device.next('onTextMessage')).toMatchObject({ id: serverMsgId, from: bob });
      }
      const own = await first.sendText(bob, 'from one of them');
      expect(await second.next('onTextMessage')).toMatchObject({ id: own.serverMsgId, from: alice, to: bob });
      expect(first.take('onTextMessage')).toEqual([]);
    });

    it('with a wrong password, or of nobody, is refused by the REST interface: 1', async () => {
      const alice = await newUser(api, 'alice');

      expect(await refusedLogin({ user: alice, pwd: 'wrong' })).toEqual({
        type: 1,
        message: 'invalid username or password',
      });
      expect(await refusedLogin({ user: 'nobody', pwd: password })).toEqual({
        type: 1,
        message: 'user not found',
      });
    });

    it('with a token of another user, or none at all, is refused: 28', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];

      for (const accessToken of ['no token', await userToken(api, bob)]) {
        expect(await refusedLogin({ user: alice, accessToken })).toMatchObject({ type: 28 });
      }
    });

    it('with the app’s own token is refused: 2', async () => {
      const user = await newUser(api, 'alice');

      expect(await refusedLogin({ user, accessToken: api.appToken })).toMatchObject({ type: 2 });
    });

    it('with a token that has ended is refused: 56', async () => {
      const user = await newUser(api, 'alice');
      const accessToken = await userToken(api, user, 1);
      await pause(1_000);

      expect(await refusedLogin({ user, accessToken })).toMatchObject({ type: 56 });
    });

    it('of a removed user is refused: 204', async () => {
      const user = await newUser(api, 'alice');
      const accessToken = await userToken(api, user);
      await api.app('DELETE', `/users/${user}`);

      expect(await refusedLogin({ user, accessToken })).toMatchObject({ type: 204 });
    });

    it('of a deactivated user is refused until the user is activated: 57', async () => {
      const user = await newUser(api, 'alice');
      const accessToken = await userToken(api, user);
      await api.app('POST', `/users/${user}/deactivate`);

      expect(await refusedLogin({ user, accessToken })).toMatchObject({ type: 57 });
      await api.app('POST', `/users/${user}/activate`);
      await sdk.connect({ user, accessToken });
    });

    it('to an app that is not there is refused: -3', async () => {
      const user = await newUser(api, 'alice');
      const accessToken = await userToken(api, user);

      expect(await refusedLogin({ user, accessToken }, { appKey: 'acme#other' })).toMatchObject({ type: -3 });
    });

    it('on one device more than a user may have is refused: 214, which agora-chat knows as 2', async () => {
      const user = await newUser(api, 'alice');
      const accessToken = await userToken(api, user);
      for (let device = 0; device < 32; device += 1) {
        await sdk.connect({ user, accessToken }, { device: `d${device}` });
      }

      const page = sdk.page(user, { device: 'one more' });
      expect(await errorOf(page.login({ user, accessToken }))).toMatchObject({
        type: name === 'agora-chat' ? 2 : 214,
      });
      expect(sdk.takeConsoleErrors().join('\n')).toContain('login failed');
    });
  });

  describe('a session', () => {
    it('ends when the same device logs in again: 206', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
      const storage = new Map();
      const before = await sdk.connect({ user: alice, pwd: password }, { storage });

      const after = await sdk.connect({ user: alice, pwd: password }, { storage });

      expect(await before.next('onError')).toMatchObject({ type: 206 });
      await before.next('onDisconnected');
      await expectTalk(await sdk.connect({ user: bob, pwd: password }), after);
      expect(before.take('onTextMessage')).toEqual([]);
      expect(before.take('onReconnecting')).toEqual([]);
    });

    it.each<[string, number, (user: string) => Promise<unknown>]>([
      ['is removed', 207, (user) => api.app('DELETE', `/users/${user}`)],
      [
        'gets another password',
        216,
        (user) => api.app('PUT', `/users/${user}/password`, { newpassword: 'another' }),
      ],
      ['is disconnected', 217, (user) => api.app('GET', `/users/${user}/disconnect`)],
      ['is deactivated', 217, (user) => api.app('POST', `/users/${user}/deactivate`)],
    ])('ends when its user %s: %i', async (_, type, deed) => {
      const user = await newUser(api, 'alice');
      const devices = [
        await sdk.connect({ user, pwd: password }, { device: 'first' }),
        await sdk.connect({ user, pwd: password }, { device: 'second' }),
      ];

      await deed(user);

      for (const device of devices) {
        expect(await device.next('onError')).toMatchObject({ type });
        await device.next('onDisconnected');
        expect(device.take('onReconnecting')).toEqual([]);
      }
    });

    it('of one device ends alone when that is disconnected: 217', async () => {
      const user = await newUser(api, 'alice');
      const first = await sdk.connect({ user, pwd: password }, { device: 'first' });
      const second = await sdk.connect({ user, pwd: password }, { device: 'second' });

      await api.app('DELETE', `/users/${user}/disconnect/webim_web_first`);

      expect(await first.next('onError')).toMatchObject({ type: 217 });
      expect(second.connection.isOpened()).toBe(true);
      expect(await sessions()).toBe(1);
    });

    it('ends with a logout, and the next login of the device gets what came meanwhile', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
      const storage = new Map();
      const sender = await sdk.connect({ user: bob, pwd: password });
      const before = await sdk.connect({ user: alice, pwd: password }, { storage });
      const ended = () => metric(server.url, `recalld_sockets_ended_total{how="${farewell}"}`);
      const endedBefore = await ended();

      before.close();
      await before.next('onDisconnected');
      await eventually(async () => expect(await sessions()).toBe(1));
      expect(await ended()).toBe(endedBefore + 1);
      const { serverMsgId } = await sender.sendText(alice, 'while away');

      const after = await sdk.connect({ user: alice, pwd: password }, { storage });
      await after.next('onOfflineMessageSyncStart');
      expect(await after.next('onTextMessage')).toMatchObject({ id: serverMsgId, msg: 'while away' });
      await after.next('onOfflineMessageSyncFinish');
      expect(before.take('onTextMessage')).toEqual([]);
    });

    it('goes on after its socket was cut, and nothing is lost or heard twice', async () => {
      const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
      const receiver = await sdk.connect({ user: alice, pwd: password });
      const sender = await openSender(bob);
      await expectTalk(sender, receiver, 'before');
      receiver.take('onConnected');

      proxy.shut();
      await receiver.next('onReconnecting');
      const { serverMsgId } = await sender.sendText(alice, 'meanwhile');
      proxy.open();

      await receiver.next('onConnected');
      expect(await receiver.next('onTextMessage')).toMatchObject({ id: serverMsgId, msg: 'meanwhile' });
      await expectTalk(sender, receiver, 'after');
      await expectTalk(receiver, sender, 'answer');
      expect(receiver.take('onTextMessage')).toEqual([]);
      sdk.takeConsoleErrors();
    });

    /** One whom the proxy does not cut off. */
    async function openSender(user: string): Promise<SdkClient> {
      const direct = { url: `${server.url.replace('http', 'ws')}/websocket`, apiUrl: server.url };
      return sdk.connect({ user, pwd: password }, { options: direct });
    }

    it('answers a heartbeat', async () => {
      const user = await newUser(api, 'alice');
      const client = await sdk.connect({ user, pwd: password }, { options: { heartBeatWait: 50 } });
      // A login and a question for what is waiting, both answered; three counts, two of them after that answer.
      await eventually(() => expect(client.frames).toEqual({ sent: 5, heard: 2 }));

      // As if nothing had been heard for half a minute.
      Object.assign(client.connection, { lastHeartbeat: Date.now() - 31_000 });

      await eventually(() => expect(client.frames).toEqual({ sent: 8, heard: 3 }));
      expect(client.connection.isOpened()).toBe(true);
    });
  });
});
