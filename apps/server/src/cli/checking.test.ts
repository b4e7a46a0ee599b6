import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { databaseFileName } from '@recalld/adapters-storage';
import Database from 'better-sqlite3';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../testing/running.js';
import { rebuild } from './rebuild.js';
import { runCli } from './run.js';
import { verify } from './verify.js';

const credentials = { RECALLD_CLIENT_ID: 'client', RECALLD_CLIENT_SECRET: 'client-secret' };

let dataDir: string;
/** Nobody listens there. */
let unusedPort: string;
beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  unusedPort = String((server.address() as AddressInfo).port);
  server.close();
});
beforeEach(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-checking-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

async function run(line: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(
    { rebuild, verify },
    line,
    { RECALLD_DATA_DIR: dataDir, PORT: unusedPort, ...env },
    {
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      interrupted: new AbortController().signal,
    },
  );
  return { code, out, err: err.join('\n') };
}

/** A running server that was sent three messages, and where it listens. */
async function given() {
  const running = await startServer(dataDir, credentials);
  const { body } = await running.login(credentials.RECALLD_CLIENT_ID, credentials.RECALLD_CLIENT_SECRET);
  for (let sent = 0; sent < 3; sent += 1) {
    const text = { from: 'ann', to: ['bob'], type: 'txt', body: { msg: 'the-content' } };
    await running.call('POST', '/demo-org/demo-app/messages/users', String(body.access_token), text);
  }
  return { ...running, env: { PORT: new URL(running.url).port } };
}

function onDatabase<T>(work: (database: Database.Database) => T): T {
  const database = new Database(path.join(dataDir, databaseFileName));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const loseItems = () => onDatabase((database) => database.exec('delete from timeline_items'));
const countItems = () =>
  onDatabase((database) => database.prepare('select count(*) from timeline_items').pluck().get());

describe('recalld verify', () => {
  it('given a running server, then nothing is wrong', async () => {
    const { server } = await given();
    const { code, out } = await run(['verify']);
    expect({ code, out: out.at(-1) }).toEqual({
      code: 0,
      out: expect.stringMatching(/^verify: \d+ looked at, 0 wrong$/),
    });
    await server.stop();
  });

  it('given damage, then each is a line that says what to do, without content', async () => {
    const { server } = await given();
    loseItems();

    const { code, out, err } = await run(['verify']);

    expect(code).toBe(1);
    expect(out.slice(0, 3)).toEqual(
      [1, 2, 3].map(
        (position) =>
          `itemMissing in demo-org#demo-app: position ${position}, timeline pair/ann/bob; ` +
          'run `recalld rebuild`: it makes read models anew from the log',
      ),
    );
    expect(out.join() + err).not.toContain('the-content');
    await server.stop();
  });

  it('given --json, then each line is an object', async () => {
    const { server } = await given();
    loseItems();

    const { out } = await run(['verify', '--json']);

    const lines = out.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatchObject({ kind: 'itemMissing', app: 'demo-org#demo-app', about: { position: 1 } });
    expect(lines[3]).toMatchObject({ findings: 3, looked: { items: 3 } });
    await server.stop();
  });

  it('given no store, then it ends with 2; given a wrong line, with 64', async () => {
    const { code, err } = await run(['verify']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/could not check: .*is not there/) });
    expect((await run(['verify', '--all'])).code).toBe(64);
  });
});

describe('recalld rebuild', () => {
  it('given a running server, then that one does it, with the token that it made', async () => {
    const { server, env } = await given();
    loseItems();

    expect(await run(['rebuild', '--wait'], env)).toMatchObject({
      code: 0,
      out: ['rebuild: done through position 3, 3 rows put right'],
    });

    expect(countItems()).toBe(3);
    expect((await run(['verify'])).code).toBe(0);
    await server.stop();
  });

  it('given no --wait, then it says that it has begun', async () => {
    const { server, env, url } = await given();
    expect(await run(['rebuild'], env)).toMatchObject({
      code: 0,
      out: [`rebuild: begun at ${url}, up to position 3`],
    });
    await server.stop();
  });

  it('given no server, then it is done here', async () => {
    const { server } = await given();
    await server.stop();
    loseItems();

    expect(await run(['rebuild'])).toMatchObject({
      code: 0,
      out: ['rebuild: done through position 3, 3 rows put right'],
    });
    expect(countItems()).toBe(3);
  });

  it('given a server on the folder that listens elsewhere, then it is told so', async () => {
    const { server } = await given();
    loseItems();
    const { code, err } = await run(['rebuild']);
    expect(code).toBe(78);
    expect(err).toMatch(/in use/i);
    expect(countItems()).toBe(0);
    await server.stop();
  });

  it('given the token of another server, then it is refused', async () => {
    const { server, env } = await given();
    expect(await run(['rebuild'], { ...env, RECALLD_ROOT_TOKEN: 'another-token' })).toMatchObject({
      code: 78,
      err: expect.stringContaining('RECALLD_ROOT_TOKEN is not the token of the server'),
    });
    await server.stop();
  });
});
