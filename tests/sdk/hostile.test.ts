import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { loginFrame, pullFrame, readFrame, textFrame, userQueue } from '../../bench/connections/wire.mjs';
import { createApi } from '../support/api.js';
import type { Api } from '../support/api.js';
import type { SdkClient } from '../support/sdk/client.js';
import { openSdk } from '../support/sdk/sdk.js';
import type { OpenSdk } from '../support/sdk/sdk.js';
import { eventually } from '../support/sdk/stage.js';
import { metric, newUser, password, userToken } from '../support/sdk/users.js';
import { credentials, startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';

const appKey = `${credentials.org}#${credentials.app}`;
/** Sockets without a login that a node takes, and more than those. */
const strangersMax = 2_000;
const crowd = strangersMax + 300;
/** What a server's memory may have grown by after the same attacks once more, bytes. */
const growthMax = 64 * 2 ** 20;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let api: Api;
let sdk: OpenSdk;
let alice: SdkClient;
let bob: SdkClient;
let token: string;
const mallory = { user: '', device: 'webim_web_m', appKey };

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startServer(folder.dir);
  api = await createApi(server.url);
  sdk = openSdk('easemob-websdk', server.url);
  [alice, bob] = [await arrive('alice'), await arrive('bob')];
  mallory.user = await newUser(api, 'mallory');
  token = await userToken(api, mallory.user);
});
afterAll(async () => {
  await sdk.close();
  expect(await server.stop()).toBe(0);
  await folder.remove();
});
afterEach(async () => {
  const { serverMsgId } = await alice.sendText(bob.user, 'all is well');
  expect(await bob.next('onTextMessage')).toMatchObject({ id: serverMsgId });
  expect([...alice.take('onReconnecting'), ...bob.take('onReconnecting')]).toEqual([]);
});

const arrive = async (name: string) => sdk.connect({ user: await newUser(api, name), pwd: password });

/** A socket of somebody who is not the SDK. */
async function intrude(path = '/websocket'): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

/** The same with mallory logged in. */
async function intrudeLoggedIn(device = mallory.device): Promise<WebSocket> {
  const socket = await intrude();
  socket.send(loginFrame({ ...mallory, device, token }));
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(readFrame(answer)).toEqual({ kind: 'welcome' });
  return socket;
}

const closeCode = async (socket: WebSocket) => ((await once(socket, 'close')) as [number])[0];

/** What a server answers to bytes that are not a WebSocket's. */
async function answerTo(text: string): Promise<string> {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  const chunks = (await socket.toArray()) as Buffer[];
  return Buffer.concat(chunks).toString();
}

/** Bytes of the server's memory that are in use. */
function memory(): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

const text = (to: string, length: number) =>
  textFrame({ appKey, id: 1_000, from: mallory.user, to, text: 'x'.repeat(length) });

describe('frames', () => {
  const frames: readonly (readonly [string, number, () => Buffer | string])[] = [
    ['of text', 1002, () => 'hello'],
    ['of any bytes', 1002, () => Buffer.concat([Buffer.of(0xff), randomBytes(1_000)])],
    ['that end in the middle of a field', 1002, () => text('bob', 100).subarray(0, 60)],
    ['with a length beyond the end', 1002, () => Buffer.of(0x4a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['with a number that does not end', 1002, () => Buffer.alloc(5_000, 0xff)],
    ['of groups within groups', 1002, () => Buffer.alloc(60_000, 0x0b)],
  ];

  it.each(frames)('%s end their session: %i', async (_, code, frame) => {
    for (const open of [intrude, intrudeLoggedIn]) {
      const socket = await open();
      const closed = closeCode(socket);
      socket.send(frame());
      expect(await closed).toBe(code);
    }
  });

  it('that are much too large are not kept', async () => {
    const before = memory();
    for (const open of [intrude, intrudeLoggedIn, intrude, intrudeLoggedIn]) {
      const socket = await open();
      const closed = closeCode(socket);
      socket.send(Buffer.alloc(64 * 2 ** 20));
      // The word why is lost where the rest of the frame is refused.
      expect([1009, 1006]).toContain(await closed);
    }
    // What came of a frame that is closed already is read and thrown away.
    expect(memory() - before).toBeLessThan(2 * growthMax);
  });

  it('by the ten thousand are answered no faster than a session may', async () => {
    const socket = await intrudeLoggedIn();
    const closed = closeCode(socket);
    const before = memory();
    for (let n = 0; n < 10_000; n += 1) socket.send(text(mallory.user, 4_000));
    const { serverMsgId } = await alice.sendText(bob.user, 'meanwhile');
    expect(await bob.next('onTextMessage')).toMatchObject({ id: serverMsgId });
    expect(memory() - before).toBeLessThan(2 * growthMax);
    socket.terminate();
    await closed;
  });
});

describe('connections', () => {
  it('to other paths, or that are no WebSocket, are answered and closed', async () => {
    const { host } = new URL(server.url);
    const upgrade = (path: string, version: number) =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

    for (const path of ['/', '/websockets', '/websocket/..%2f', '/acme/im/users', '//websocket']) {
      expect(await answerTo(upgrade(path, 13))).toMatch(/^HTTP\/1\.1 404 /);
    }
    expect(await answerTo(upgrade('/websocket', 1))).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await answerTo('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('of logins with tokens that are none are all refused', async () => {
    const refused = Array.from({ length: 500 }, async (_, n) => {
      const socket = await intrude();
      socket.send(loginFrame({ ...mallory, device: `webim_web_${n}`, token: `none ${n}` }));
      const [answer] = (await once(socket, 'message')) as [Buffer];
      expect(readFrame(answer)).toEqual({ kind: 'refused' });
      await closeCode(socket);
    });
    await Promise.all(refused);
  });

  it('that read nothing hold no more than they may', async () => {
    const socket = await intrudeLoggedIn('webim_web_slow');
    const sentBefore = memory();
    for (let n = 0; n < 200; n += 1) await api.sendText(alice.user, mallory.user, 'y'.repeat(4_000));
    socket.pause();
    const queue = userQueue(appKey, alice.user);
    for (let n = 0; n < 900; n += 1) socket.send(pullFrame(queue));
    await alice.sendText(bob.user, 'meanwhile');
    await bob.next('onTextMessage');
    expect(memory() - sentBefore).toBeLessThan(2 * growthMax);
    socket.terminate();
  });

  it(
    'without a login are so many and no more, are closed, and leave no memory behind',
    { timeout: 90_000 },
    async () => {
      const after: number[] = [];
      for (const turn of [0, 1]) {
        const sockets = await besiege();
        expect(sockets.filter(({ readyState }) => readyState === WebSocket.OPEN)).toHaveLength(strangersMax);
        const { serverMsgId } = await alice.sendText(bob.user, `besieged ${turn}`);
        expect(await bob.next('onTextMessage')).toMatchObject({ id: serverMsgId });
        if (turn === 0) await eventually(() => expect(open(sockets)).toBe(0));
        else sockets.forEach((socket) => socket.terminate());
        await eventually(async () => expect(await metric(server.url, 'recalld_sessions')).toBe(2));
        after.push(memory());
        const late = await arrive('late');
        late.close();
      }
      expect((after.at(-1) ?? 0) - (after[0] ?? 0)).toBeLessThan(growthMax);
    },
  );
});

const open = (sockets: readonly WebSocket[]) =>
  sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;

/** More sockets than are taken; each sends half a frame, and nothing more. */
async function besiege(): Promise<readonly WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let n = 0; n < crowd; n += 1) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/websocket`);
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('open', () => {
      const { _socket: stream } = socket as unknown as { readonly _socket: Socket };
      stream.write(Buffer.of(0x82, 0xfe, 0x10));
    });
    if (n % 100 === 0) await settled(sockets);
  }
  await settled(sockets);
  return sockets;
}

async function settled(sockets: readonly WebSocket[]): Promise<void> {
  await eventually(() =>
    expect(sockets.filter(({ readyState }) => readyState === WebSocket.CONNECTING)).toEqual([]),
  );
}
