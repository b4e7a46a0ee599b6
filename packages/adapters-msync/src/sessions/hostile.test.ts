import { once } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  clientFrame,
  clientMeta,
  contentOfOthers,
  loginFrame,
  pullFrame,
  sendFrame,
} from '../testing/given.js';
import { connectClient, queueOf } from '../testing/msyncClient.js';
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
  it('that is too large to be read closes its socket, and no other one', async () => {
    await nodeWith();
    const [client, other] = [await node.device('ann'), await node.device('bob')];

    client.send(new Uint8Array(1_048_577));

    expect(await client.closed).toBe(1009);
    expect(await other.unread()).toEqual([]);
    expect(node.msync.counts().ended).toMatchObject({ malformed: 1, left: 0 });
  });

  it('that sends too much is refused in its turn, and the session goes on', async () => {
    await nodeWith();
    const client = await node.device('ann');

    const ids = ['before', 'x'.repeat(70_000), 'x'.repeat(1_040_000), 'after'].map((text) =>
      client.text('bob', text),
    );

    await client.answer(ids[3] ?? '');
    const answers = client.frames.filter(({ command }) => command === 'sync');
    expect(answers.map(({ metaId }) => metaId)).toEqual(ids);
    const tooLarge = { errorCode: 7, reason: 'Sorry, data is too large' };
    expect(answers.map(({ status }) => status)).toMatchObject([
      { errorCode: 0 },
      tooLarge,
      tooLarge,
      { errorCode: 0 },
    ]);
    expect(node.msync.sessions()).toBe(1);
  });

  it('that is a send with a wrong field is refused, and the session goes on', async () => {
    await nodeWith();
    const client = await node.device('ann');

    client.send(sendFrame(clientMeta({ id: '77', directedUsers: ['x'.repeat(65)] })));

    const status = { errorCode: 4, reason: 'wrong: directed_users' };
    expect(await client.answer('77')).toMatchObject({ status });
    expect(await client.unread()).toEqual([]);
  });

  it('that is too large is not waited for on a socket that nobody has logged in on', async () => {
    await nodeWith();
    const client = await node.connect();
    const { _socket: stream } = client.socket as unknown as { readonly _socket: Socket };

    // The head of a binary frame of 1,000,000 bytes, and a tenth of them.
    stream.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0]));
    stream.write(Buffer.alloc(100_000));

    await client.closed;
    expect(node.msync.counts().ended.malformed).toBe(1);
    await until(() => node.msync.sockets() === 0);
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

  it('waits the longer the more bytes its frames have', async () => {
    await nodeWith({ framesAtOnceMax: 10, framesPerSecond: 1 });
    const client = await node.device('ann');
    const answered = () => client.frames.filter(({ command }) => command === 'unread').length;

    await client.answer(client.text('bob', 'x'.repeat(7 * 65_536)));
    for (let n = 0; n < 3; n += 1) client.send(unreadFrame);
    await until(() => answered() === 1);
    world.clock.advance(1_000);

    await until(() => answered() === 2);
    expect(node.msync.counts().framesOut).toBe(4);
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
  const url = () => `${node.url}/websocket`;

  it('are so many, and for a further one the oldest gives way', async () => {
    await nodeWith({ strangersMax: 2 });
    const [device, oldest] = [await node.device('ann'), await node.connect()];
    await node.connect();

    const newest = await node.connect();

    await oldest.closed;
    expect(node.msync.counts().ended).toMatchObject({ crowdedOut: 1 });
    expect(await newest.login('bob')).toMatchObject({ status: { errorCode: 0 } });
    expect(await device.unread()).toEqual([]);
  });

  it('do not keep out those of other addresses, nor put them out', async () => {
    await nodeWith({ strangersMax: 3 });
    const other = await connectClient(url(), '127.0.0.2');
    const many = [await node.connect(), await node.connect()];

    many.push(await node.connect(), await node.connect());
    const another = await connectClient(url(), '127.0.0.3');

    for (const client of many.slice(0, 3)) await client.closed;
    for (const client of [other, another]) {
      expect(await client.login('ann')).toMatchObject({ status: { errorCode: 0 } });
    }
  });

  it('do not put out one whose login is under way: there is no further place then', async () => {
    await nodeWith({ strangersMax: 1 });
    const { users } = world.storage;
    const { find } = users;
    const held: (() => void)[] = [];
    users.find = async (app, user) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return find(app, user);
    };
    const client = await node.connect();
    const answered = client.login('ann');
    await until(() => held.length === 1);

    await expect(node.connect()).rejects.toThrow('503');

    users.find = find;
    for (const goOn of held) goOn();
    expect(await answered).toMatchObject({ status: { errorCode: 0 } });
  });
});
