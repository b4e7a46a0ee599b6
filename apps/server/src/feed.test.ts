import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createNatsLink } from '@recalld/adapters-callbacks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findNatsServer, startNatsServer } from '../../../scripts/lib/natsServer.mjs';
import { boot } from './boot.js';
import { readConfig } from './config.js';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(findNatsServer() === undefined)('a server whose broker is there', () => {
  const open: (() => Promise<unknown>)[] = [];
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-feed-'));
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    rmSync(dataDir, { recursive: true });
  });

  it('given that it refuses the streams, then it is degraded until they are there', async () => {
    const broker = await startNatsServer();
    open.push(() => broker.stop());
    // One broker alone keeps no three copies.
    const env = { RECALLD_NATS_URL: broker.url, RECALLD_NATS_REPLICAS: '3', RECALLD_DATA_DIR: dataDir };
    const server = await boot(readConfig(env), log, vi.fn());
    open.push(() => server.stop());
    const url = await server.start('127.0.0.1', 0);
    const readiness = async () => (await fetch(`${url}/readyz`)).json();
    const metrics = async () => (await fetch(`${url}/metrics`)).text();
    await vi.waitFor(async () => expect(await metrics()).toContain('recalld_nats_connected 1'), patience);

    const degraded = { status: 'ready', degraded: ['nats'] };
    await vi.waitFor(async () => expect(await readiness()).toEqual(degraded), patience);
    const link = createNatsLink({ url: broker.url, log, name: 'test' });
    open.push(() => link.close());
    const manager = await (await link.whenConnected(5_000))?.nats.jetstreamManager();
    await manager?.streams.add({ name: 'RECALLD_EVENTS', subjects: ['recalld.events.>'] });
    await manager?.streams.add({ name: 'RECALLD_CALLBACKS', subjects: ['recalld.callbacks.>'] });

    await vi.waitFor(async () => expect(await readiness()).toEqual({ status: 'ready' }), patience);
  });
});
