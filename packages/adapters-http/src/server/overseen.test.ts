import { once } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api, Call } from '../route.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';
import { openWire, speak } from '../testing/wire.js';

/** More than the buffers between two sockets hold. */
const partBytes = 1_048_576;

let easemob: EasemobServer;
let made: number;
let ended: boolean;

async function* endless({ query }: Call): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      made += 1;
      if (query['fault'] !== undefined && made === 2) throw new Error('a part could not be made');
      yield Buffer.alloc(partBytes);
    }
  } finally {
    ended = true;
  }
}

const api: Api = {
  name: 'ops',
  prefix: '/parts',
  routes: [
    {
      method: 'GET',
      path: '/parts',
      operationId: 'parts',
      summary: 'Answers in parts',
      tag: 'Test',
      auth: 'none',
      answers: { 200: { description: 'Parts without end' } },
      handle: (call) => ({ status: 200, headers: {}, raw: endless(call), stalledMs: 100 }),
    },
  ],
  refuse: () => ({ status: 400, body: {} }),
};

beforeEach(async () => {
  made = 0;
  ended = false;
  easemob = await startEasemobServer({ mounted: { apis: [api] } });
});
afterEach(() => easemob.server.close());

const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

it('given a reader who takes nothing, then no parts are made for it, and its connection is cut', async () => {
  const { socket } = await openWire(easemob.server);
  const cut = once(socket, 'close');
  socket.on('error', () => undefined).pause();
  socket.write(ask('/parts'));

  await vi.waitFor(() => expect(ended).toBe(true), { timeout: 10_000 });

  expect(made * partBytes).toBeLessThan(64 * partBytes);
  socket.resume();
  await cut;
});

it('given a reader who goes, then the parts end', async () => {
  const { socket } = await openWire(easemob.server);
  socket.write(ask('/parts'));
  await once(socket, 'data');

  socket.destroy();

  await vi.waitFor(() => expect(ended).toBe(true), { timeout: 10_000 });
});

it('given a part that cannot be made, then the answer breaks off, and the fault is logged', async () => {
  const heard = await speak(easemob.server, ask('/parts?fault=1'));

  expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  expect(heard.endsWith('0\r\n\r\n')).toBe(false);
  expect(easemob.logged).toContainEqual(expect.objectContaining({ level: 'error', route: '/parts' }));
});
