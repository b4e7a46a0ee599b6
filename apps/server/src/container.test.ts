import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindings as the } from './bindings.js';
import { readConfig } from './config.js';
import { buildContainer } from './container.js';

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
/** Nobody listens there. */
const deadBroker = 'nats://127.0.0.1:1';

describe('the container', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-container-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  /** What a running server of this environment says of its readiness and in its metrics. */
  async function probed(env: Readonly<Record<string, string>>) {
    const config = readConfig({ ...env, RECALLD_DATA_DIR: dataDir });
    const server = await buildContainer(config, log).getAsync(the.server);
    const url = await server.start('127.0.0.1', 0);
    try {
      const ready = await fetch(`${url}/readyz`);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return { status: ready.status, readiness: await ready.json(), metrics };
    } finally {
      await server.stop();
    }
  }

  it('given no broker in the environment, then a server starts, is ready and stops without one', async () => {
    const { status, readiness, metrics } = await probed({});
    expect(status).toBe(200);
    expect(readiness).toEqual({ status: 'ready' });
    expect(metrics).not.toContain('recalld_nats_connected');
  });

  it('given a broker that is away, then a server starts all the same, degraded, and stops', async () => {
    const { status, readiness, metrics } = await probed({ RECALLD_NATS_URL: deadBroker });
    expect(status).toBe(200);
    expect(readiness).toEqual({ status: 'ready', degraded: ['nats'] });
    expect(metrics).toContain('recalld_nats_connected 0');
  });

  it('given the same data folder again, then what one server made the next one has', async () => {
    const rootToken = async () => {
      const config = readConfig({ RECALLD_DATA_DIR: dataDir });
      const container = buildContainer(config, log);
      const first = await container.getAsync(the.firstStart);
      await (await container.getAsync(the.server)).stop();
      return first.rootToken;
    };
    expect(await rootToken()).toBe(await rootToken());
  });
});
