import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clientFrame, contentOfOthers, loginFrame, pullFrame, sendFrame } from '../testing/given.js';
import { queueOf } from '../testing/msyncClient.js';
import type { MsyncClient } from '../testing/msyncClient.js';
import { createMsyncWorld, until } from '../testing/msyncWorld.js';
import type { MsyncNode, MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
let node: MsyncNode;
const rejections: unknown[] = [];
const noteRejection = (reason: unknown) => void rejections.push(reason);

beforeAll(() => void process.on('unhandledRejection', noteRejection));
afterAll(() => void process.off('unhandledRejection', noteRejection));
afterEach(async () => {
  await world.close();
  expect(rejections).toEqual([]);
});

async function nodeWith(limits = {}): Promise<void> {
  world = await createMsyncWorld(['ann', 'bob']);
  node = await world.node({ limits });
}

const unreadFrame = clientFrame('unread', new Uint8Array());

/** Reads nothing more from its socket. */
function stopReading({ socket }: MsyncClient): void {
  socket.pause();
}

/** What is sent meanwhile arrives at once: the server has read it all before it can make its sender wait. */
function inOnePiece({ socket }: MsyncClient, send: () => void): void {
  const { _socket: stream } = socket as unknown as { readonly _socket: Socket };
  stream.cork();
  send();
  stream.uncork();
}

describe('a frame', () => {
  it('that is too large closes its socket, and no other one', async () => {
    await nodeWith();
    const [client, other] = [await node.device('ann'), await node.device('bob')];

    client.send(new Uint8Array(65_537));

    expect(await client.closed).toBe(1009);
    expect(await other.unread()).toEqual([]);
  });

  it.each<[string, Uint8Array | string]>([
    ['of text', 'hello'],
    ['of no message', Uint8Array.from([0xff, 0xff, 0xff])],
    ['whose payload is none', clientFrame('sync', Uint8Array.from([0xff]))],
    ['that is a pull of nothing', clientFrame('sync', new Uint8Array())],
  ])('%s closes its socket', async (_, frame) => {
    await nodeWith();
    const client = await node.device('ann');

    client.send(frame);

    expect(await client.closed).toBe(1002);
    expect(node.msync.sessions()).toBe(0);
  });

  it('of a command that is not known here is passed over', async () => {
    await nodeWith();
    const client = await node.device('ann');

    client.send(clientFrame(77, new Uint8Array()));

    expect(await client.unread()).toEqual([]);
  });

  it('of any bytes leaves the server as it is', async () => {
    await nodeWith();
    const known = [
      unreadFrame,
      loginFrame(),
      sendFrame(),
      pullFrame(),
      clientFrame('logout', new Uint8Array()),
    ];
    const cut = fc
      .tuple(fc.constantFrom(...known), fc.nat(), fc.nat({ max: 255 }))
      .map(([frame, at, byte]) => {
        const changed = Uint8Array.from(frame);
        changed[at % changed.length] = byte;
        return at % 3 === 0 ? changed.slice(0, at % changed.length) : changed;
      });
    const frames = fc.array(fc.oneof(cut, fc.uint8Array({ maxLength: 200 })), {
      minLength: 1,
      maxLength: 10,
    });
    const witness = await node.device('bob');
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), async (sent, isLoggedIn) => {
        const client = isLoggedIn ? await node.device('ann') : await node.connect();
        for (const frame of sent) client.send(frame);
        client.socket.close();
        await client.closed;
      }),
      { numRuns: 100 },
    );

    await witness.unread();
    await until(() => node.msync.sockets() === 1);
    expect(node.msync.counts().ended.broken).toBe(0);
    expect(world.lines).toEqual([]);
  });
});

describe('a device that sends too much', () => {
  it('waits, and goes on when its time has come', async () => {
    await nodeWith({ framesAtOnceMax: 5, framesPerSecond: 10 });
    const client = await node.device('ann');
    const answered = () => client.frames.filter(({ command }) => command === 'unread').length;

    for (let n = 0; n < 20; n += 1) client.send(unreadFrame);
    await until(() => answered() === 4);
    world.clock.advance(300);
    await until(() => answered() === 7);
    world.clock.advance(10_000);
    world.clock.advance(500);

    await until(() => answered() >= 12);
    expect(node.msync.sessions()).toBe(1);
  });

  it('ends when more waits than may', async () => {
    await nodeWith({ framesAtOnceMax: 5, framesWaitingMax: 50 });
    const client = await node.device('ann');

    inOnePiece(client, () => {
      for (let n = 0; n < 200; n += 1) client.send(unreadFrame);
    });

    expect(await client.closed).toBe(1008);
  });

  it('has so many sends in hand, and the others wait', async () => {
    world = await createMsyncWorld(['ann']);
    const open: (() => void)[] = [];
    const take = () => new Promise<null>((resolve) => open.push(() => resolve(null)));
    node = await world.node({ uplink: { take }, limits: { framesInHandMax: 3 } });
    const client = await node.device('ann');

    for (let n = 0; n < 5; n += 1) client.text('bob', 'hello');
    client.send(unreadFrame);
    await until(() => open.length === 3);
    for (const done of open.splice(0)) done();
    await until(() => open.length === 2);
    for (const done of open) done();

    await client.next('unread');
  });
});

describe('a device that does not read', () => {
  const manyChats = Array.from({ length: 80 }, (_, index) => `user ${index}`);

  /** A device that asked for far more than fits its socket, and reads none of it. */
  async function fullDevice(): Promise<MsyncClient> {
    await nodeWith({ unsentBytesMax: 100_000 });
    const content = contentOfOthers({ kind: 'txt', text: 'x'.repeat(200_000) });
    for (const from of manyChats) await world.send({ from, to: 'bob', content });
    const client = await node.device('bob');
    stopReading(client);
    for (const from of manyChats) client.send(pullFrame({ queue: queueOf(from) }));
    let sent = 0;
    await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = sent;
      sent = node.msync.counts().itemsOut;
      return sent > 0 && sent === before;
    });
    expect(sent).toBeLessThan(manyChats.length);
    return client;
  }

  it('is sent nothing more, and left in the end', async () => {
    const client = await fullDevice();

    const { framesOut } = node.msync.counts();
    await world.send({ from: 'ann', to: 'bob' });
    expect(node.msync.sessions()).toBe(1);
    world.clock.advance(30_000);
    await until(() => node.msync.sessions() === 0);

    expect(node.msync.counts()).toMatchObject({ framesOut, ended: { unread: 1 } });
    client.socket.terminate();
  });

  it('hears what it missed when it reads again', async () => {
    const client = await fullDevice();
    const content = contentOfOthers({ kind: 'txt', text: 'hello' });
    await world.send({ from: 'eve', to: 'bob', content });

    client.socket.resume();
    const isTold = () =>
      client.frames.some(({ command, queue }) => command === 'notice' && queue?.name === 'eve');
    await until(async () => {
      // Its answer comes after everything that was unread.
      client.socket.ping();
      await once(client.socket, 'pong');
      world.clock.advance(500);
      return isTold();
    });

    expect(await client.pullAll(queueOf('eve'))).toHaveLength(1);
  });
});

describe('a device that is gone without a word', () => {
  it('is asked twice and then left', async () => {
    await nodeWith();
    const client = await node.device('ann');
    let asked = 0;
    client.socket.removeAllListeners('ping');
    Object.assign(client.socket, { pong: () => (asked += 1) });

    for (const expected of [1, 2]) {
      world.clock.advance(30_000);
      await until(() => asked === expected);
    }
    expect(node.msync.sessions()).toBe(1);
    world.clock.advance(30_000);

    await until(() => node.msync.sessions() === 0);
    expect(node.msync.counts().ended.silent).toBe(1);
  });

  it('and one that is there stays', async () => {
    await nodeWith();
    const client = await node.device('ann');

    for (let n = 1; n <= 5; n += 1) {
      const pinged = once(client.socket, 'ping');
      world.clock.advance(30_000);
      await pinged;
      await client.unread();
    }

    expect(node.msync.sessions()).toBe(1);
  });
});

describe('sockets that nobody logs in on', () => {
  it('are so many, and a further one is refused', async () => {
    await nodeWith({ strangersMax: 2 });
    const { port, hostname } = new URL(node.url);
    const [first] = [await node.connect(), await node.connect()];

    await expect(node.connect()).rejects.toThrow('503');
    await first?.login('ann');
    await node.connect();

    expect(node.msync.sockets()).toBe(3);
    const raw = connect(Number(port), hostname);
    raw.write('GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 503 /);
  });
});
