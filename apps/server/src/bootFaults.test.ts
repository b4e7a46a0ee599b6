import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { boot } from './boot.js';
import { readConfig } from './config.js';

vi.mock('./http.js', () => ({
  createHttp: () => {
    throw new Error('a part cannot be made');
  },
}));

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** Longer than a link takes to be connected, or waits before it tries again. */
const connectMs = 1_000;

const info = { server_id: 'test', version: '2.9.10', proto: 1, headers: true, max_payload: 1_048_576 };

/** As much of a broker as a client needs to be connected. */
async function startBroker() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (sent) => sent.includes('PING') && socket.write('PONG\r\n'));
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `nats://127.0.0.1:${port}`, sockets, close: () => server.close() };
}

it('given a part that cannot be made, then nothing that is open already keeps the process alive', async () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-fault-'));
  const broker = await startBroker();
  const config = readConfig({ RECALLD_DATA_DIR: dataDir, RECALLD_NATS_URL: broker.url });
  try {
    await expect(boot(config, log, () => undefined)).rejects.toThrow('a part cannot be made');
    // The data folder is free again.
    await expect(boot(config, log, () => undefined)).rejects.toThrow('a part cannot be made');

    await delay(connectMs);
    await vi.waitFor(() => expect(broker.sockets.every(({ closed }) => closed)).toBe(true), 10_000);
    const connections = broker.sockets.length;
    await delay(connectMs);
    expect(broker.sockets).toHaveLength(connections);
  } finally {
    for (const socket of broker.sockets) socket.destroy();
    broker.close();
    rmSync(dataDir, { recursive: true });
  }
});
