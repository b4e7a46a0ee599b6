import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { contentOfOthers } from './testing/given.js';
import { queueOf } from './testing/msyncClient.js';
import { createMsyncWorld, until } from './testing/msyncWorld.js';
import type { MsyncNode, MsyncWorld } from './testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

/** What the node answers to a bare upgrade. */
async function answerTo(node: MsyncNode, path: string): Promise<string> {
  const { port, hostname } = new URL(node.url);
  const socket = connect(Number(port), hostname);
  const head = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}

describe('an upgrade', () => {
  it.each(['/websocket', '/ws', '/ws?x=1'])('of %s opens a WebSocket', async (path) => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();

    const client = await node.connect(path);

    expect(await client.login('ann')).toMatchObject({ status: { errorCode: 0 } });
  });

  it('of another path is not found, in JSON', async () => {
    world = await createMsyncWorld([]);
    const node = await world.node();

    const [head, body = ''] = (await answerTo(node, '/elsewhere')).split('\r\n\r\n');

    expect(head).toMatch(/^HTTP\/1.1 404 Not Found\r\nContent-Type: application\/json/);
    expect(JSON.parse(body)).toMatchObject({ error: 'resource_not_found' });
    expect(node.msync.counts().socketsRefused).toBe(1);
  });

  it('that is no WebSocket handshake is refused in JSON', async () => {
    world = await createMsyncWorld([]);
    const node = await world.node();

    expect(await answerTo(node, '/websocket')).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*\{"error"/s);
  });
});

describe('a stop', () => {
  it('answers what is in hand, closes every socket, and writes cursors and ends', async () => {
    world = await createMsyncWorld(['ann', 'bob']);
    const node = await world.node({ limits: { writeGatherMs: 60_000 } });
    const [ann, bob, stranger] = [
      await node.device('ann'),
      await node.device('bob', 'd'),
      await node.connect(),
    ];
    const content = contentOfOthers({ kind: 'txt', text: 'hello' });
    await world.send({ from: 'ann', to: 'bob', content });
    await bob.pullAll(queueOf('ann'));
    const id = ann.text('bob', 'last');
    await until(() => node.msync.counts().framesIn === 5);

    await node.msync.close(2_000);

    expect(await ann.answer(id)).toMatchObject({ status: { errorCode: 0 } });
    expect(await Promise.all([ann, bob, stranger].map(({ closed }) => closed))).toEqual([1001, 1001, 1001]);
    expect([node.msync.sessions(), node.msync.sockets()]).toEqual([0, 0]);
    const [device] = await world.storage.devices.list(world.app.no, 'bob');
    expect(device?.session).toBeNull();
    const key = { app: world.app.no, user: 'bob', device: 'd' };
    expect(await world.storage.queues.pending(key, 10)).toMatchObject([{ from: { position: 1 }, count: 1 }]);
  });

  it('takes no further socket', async () => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();

    await node.msync.close(1_000);

    await expect(node.connect()).rejects.toThrow('503');
  });

  it('comes to its end also when storage does not answer', async () => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();
    const client = await node.device('ann');
    Object.assign(world.storage.devices, { end: () => new Promise(() => undefined) });

    await node.msync.close(200);

    expect(await client.closed).toBe(1001);
  });
});
