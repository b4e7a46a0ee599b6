import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { withClient } from './postgresDatabases.mjs';
import { findPostgres, startPostgres } from './postgresServer.mjs';
import type { PostgresServer } from './postgresServer.mjs';
import { isRunning } from './processTree.mjs';

const none = findPostgres() === undefined;

afterEach(() => vi.unstubAllEnvs());

async function valueOf(url: string, statement: string): Promise<unknown> {
  const { rows } = await withClient(url, (client) => client.query({ text: statement, rowMode: 'array' }));
  return rows[0]?.[0];
}

describe('the programs of the tests’ PostgreSQL', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'recalld-programs-'));
    // Not root's alone: who runs the programs may be another.
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function programs(...names: readonly string[]): string {
    mkdirSync(join(folder, 'bin'));
    for (const name of names) symlinkSync(process.execPath, join(folder, 'bin', name));
    return join(folder, 'bin');
  }

  it('lie in the folder that the environment names, and nowhere when one of them is not there', () => {
    vi.stubEnv('RECALLD_TEST_POSTGRES_BIN', programs('initdb'));
    expect(findPostgres()).toBeUndefined();

    symlinkSync(process.execPath, join(folder, 'bin', 'postgres'));
    expect(findPostgres()).toBe(join(folder, 'bin'));
  });

  it('are told how to get when there are none', async () => {
    vi.stubEnv('RECALLD_TEST_POSTGRES_BIN', '/nowhere');

    await expect(startPostgres()).rejects.toThrow('apt-get install postgresql');
  });

  it('are quoted when they do not make a server', async () => {
    vi.stubEnv('RECALLD_TEST_POSTGRES_BIN', programs('initdb', 'postgres'));

    await expect(startPostgres()).rejects.toThrow(/initdb ended with \d+; it said:\n.*bad option/s);
  });
});

describe.skipIf(none)('the tests’ PostgreSQL', () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
  });
  afterEach(() => server.stop());

  it('leaves no process and no folder, also when it was paused', async () => {
    const { pid = 0, folder } = server;
    expect([isRunning(pid), existsSync(folder)]).toEqual([true, true]);

    server.pause();
    await server.stop();

    expect([isRunning(pid), existsSync(folder)]).toEqual([false, false]);
    expect(server.pid).toBeUndefined();
  });

  it('puts what it commits on the disk, unless its configuration says otherwise', async () => {
    expect(await valueOf(server.url, 'show fsync')).toBe('on');
    expect(await valueOf(server.url, 'show synchronous_commit')).toBe('on');

    const other = await startPostgres({ config: 'synchronous_commit = off' });

    expect(await valueOf(other.url, 'show synchronous_commit')).toBe('off');
    await other.stop();
  });

  it('makes databases for a role that may do nothing but own them', async () => {
    const named = await server.createDatabase('orders');
    const unnamed = await server.createDatabase();

    expect(new URL(named).pathname).toBe('/orders');
    await withClient(unnamed, (client) => client.query('create table kept (n int)'));
    expect(await valueOf(unnamed, 'select rolsuper from pg_roles where rolname = current_user')).toBe(false);
    expect(await valueOf(server.url, 'select rolsuper from pg_roles where rolname = current_user')).toBe(
      true,
    );
  });

  it('has what it committed before kill -9 when it is started again', async () => {
    const url = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    const cutOff = new Promise((resolve) => client.once('error', resolve));
    await client.connect();
    await client.query('create table kept (n int)');
    await client.query('insert into kept select generate_series(1, 1000)');
    await client.query('begin; insert into kept values (0)');

    await server.kill();
    await cutOff;
    await expect(valueOf(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
    await server.start();
    await expect(server.start()).rejects.toThrow('runs already');

    expect(new URL(url).port).toBe(String(server.port));
    expect(await valueOf(url, 'select count(*)::int from kept')).toBe(1000);
    expect(server.said()).toContain('not properly shut down');
  });

  it('is shut down under its clients, and has nothing to recover', async () => {
    await withClient(server.url, async () => server.shutDown());

    await server.start();

    expect(server.said()).not.toContain('not properly shut down');
  });

  it('answers on no connection while it is paused, and on each one afterwards', async () => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();

    server.pause();
    const open = client.query('select 1').then(() => 'answered');
    const fresh = valueOf(server.url, 'select 1').then(() => 'answered');
    const meanwhile = await Promise.race([open, fresh, delay(300, 'nothing')]);
    server.resume();

    expect(meanwhile).toBe('nothing');
    expect(await Promise.all([open, fresh])).toEqual(['answered', 'answered']);
    await client.end();
  });
});

describe.skipIf(none)('a program that has started a PostgreSQL', () => {
  const program = `
    import { startPostgres } from '${new URL('./postgresServer.mjs', import.meta.url).href}';
    const { pid, folder, pause } = await startPostgres();
    if (process.argv[1] === 'paused') pause();
    console.log(JSON.stringify({ pid, folder }));
  `;

  it.each(['running', 'paused'])('takes it along when it is killed, %s', async (state) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, state], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [printed] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { pid, folder } = JSON.parse(printed) as { pid: number; folder: string };
    expect([isRunning(pid), existsSync(folder)]).toEqual([true, true]);

    child.kill('SIGKILL');

    await vi.waitFor(() => expect([isRunning(pid), existsSync(folder)]).toEqual([false, false]), 15_000);
  });
});
