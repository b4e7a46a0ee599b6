import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { findNatsServer, startNatsCluster, startNatsServer } from './natsServer.mjs';

const none = findNatsServer() === undefined;
const before = process.env.RECALLD_TEST_NATS_SERVER;

afterEach(() => {
  if (before === undefined) delete process.env.RECALLD_TEST_NATS_SERVER;
  else process.env.RECALLD_TEST_NATS_SERVER = before;
});

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

describe('the tests’ nats-server', () => {
  it('is what the environment names, and none when that is not a program', () => {
    process.env.RECALLD_TEST_NATS_SERVER = process.execPath;
    expect(findNatsServer()).toBe(process.execPath);
    process.env.RECALLD_TEST_NATS_SERVER = '/nowhere/nats-server';
    expect(findNatsServer()).toBeUndefined();
  });

  it('says how to get the program when there is none', async () => {
    process.env.RECALLD_TEST_NATS_SERVER = '/nowhere/nats-server';

    await expect(startNatsServer()).rejects.toThrow('apt-get install nats-server');
  });

  it('says what the program said when it does not start', async () => {
    process.env.RECALLD_TEST_NATS_SERVER = process.execPath;

    await expect(startNatsServer()).rejects.toThrow(/nats-server ended with/);
  });

  it.skipIf(none)('leaves no process and no folder', async () => {
    const server = await startNatsServer();
    const { pid, folder } = server;
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true]);

    server.pause();
    await server.stop();

    expect([isAlive(pid), existsSync(folder)]).toEqual([false, false]);
    expect(server.pid).toBeUndefined();
  });

  it.skipIf(none)('is started again on the same port, and is not wiped while it runs', async () => {
    const server = await startNatsServer();
    expect(() => server.wipe()).toThrow('is not wiped');
    await server.kill();
    server.wipe();

    await server.start();

    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    expect(isAlive(server.pid)).toBe(true);
    await server.stop();
  });

  it.skipIf(none)('comes in threes', async () => {
    const cluster = await startNatsCluster();

    expect(cluster.nodes.map(({ pid }) => isAlive(pid))).toEqual([true, true, true]);
    expect(cluster.url.split(',')).toHaveLength(3);
    await cluster.stop();
  });
});
