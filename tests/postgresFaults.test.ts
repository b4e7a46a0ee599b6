import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { withClient } from '../scripts/lib/postgresDatabases.mjs';
import { startPostgres } from '../scripts/lib/postgresServer.mjs';
import { createApi } from './support/api.js';
import { nodeVariables } from './support/nodes.js';
import { hasPostgres, ownPostgres } from './support/postgres.js';
import { spawnServer, startServer } from './support/server.js';

const misconfigured = 78;
/** Longer than a start waits for a database that is away, and than a stop may take. */
const patientMs = 60_000;

describe.skipIf(!hasPostgres)('a start that the database forbids', () => {
  const postgres = ownPostgres();

  /** A start that ends by itself: its exit code, and what it said. */
  async function refused(database: string, env: Readonly<Record<string, string>> = {}) {
    const server = spawnServer(postgres.dir, {
      RECALLD_LOG_LEVEL: 'silent',
      ...nodeVariables(database),
      ...env,
    });
    const code = await server.ended;
    return { code, lines: server.output().trim().split('\n') };
  }

  function changed(database: string, change: (url: URL) => void): string {
    const url = new URL(database);
    change(url);
    return url.href;
  }

  it('given no secret key, then the variable is named', async () => {
    const { code, lines } = await refused(await postgres.server.createDatabase(), {
      RECALLD_SECRET_KEY: '',
    });
    expect({ code, lines }).toEqual({
      code: misconfigured,
      lines: [expect.stringMatching(/^recalld: RECALLD_SECRET_KEY is not set; .* it takes 32 to 256/)],
    });
  });

  it('given a wrong password, then it says so without it', async () => {
    const { code, lines } = await refused(
      changed(await postgres.server.createDatabase(), (url) => (url.password = 'hunter2')),
    );
    expect(code).toBe(misconfigured);
    expect(lines).toEqual([
      expect.stringMatching(
        /^recalld: RECALLD_DATABASE_URL leads to 127\.0\.0\.1:\d+, which refuses: password authentication failed/,
      ),
    ]);
    expect(lines[0]).not.toContain('hunter2');
  });

  it('given a database that does not exist, then it is named', async () => {
    const { code, lines } = await refused(
      changed(await postgres.server.createDatabase(), (url) => (url.pathname = '/nowhere')),
    );
    expect({ code, lines }).toEqual({
      code: misconfigured,
      lines: [expect.stringContaining('which refuses: database "nowhere" does not exist')],
    });
  });

  it('given a newer schema, then it says so and changes nothing', async () => {
    const database = await postgres.server.createDatabase();
    await (await startServer(postgres.dir, nodeVariables(database))).stop();
    await withClient(database, (client) =>
      client.query("insert into migrations (version, name, applied_at) values (1000, 'of tomorrow', 0)"),
    );
    const { code, lines } = await refused(database);
    expect({ code, lines }).toEqual({
      code: misconfigured,
      lines: [expect.stringMatching(/^recalld: The database has schema version 1000, this recalld knows/)],
    });
  });

  it('given an older schema, then it says what brings it forward', async () => {
    const database = await postgres.server.createDatabase();
    await (await startServer(postgres.dir, nodeVariables(database))).stop();
    await withClient(database, (client) =>
      client.query('delete from migrations where version = (select max(version) from migrations)'),
    );
    const { code, lines } = await refused(database);
    expect({ code, lines }).toEqual({
      code: misconfigured,
      lines: [expect.stringMatching(/^recalld: The database has schema version \d+, .*recalld migrate/)],
    });
  });

  it.each(['fsync', 'synchronous_commit'])('given %s off, then it says so', async (setting) => {
    const unsafe = await startPostgres({ config: `${setting} = off` });
    try {
      const { code, lines } = await refused(await unsafe.createDatabase());
      expect({ code, lines }).toEqual({
        code: misconfigured,
        lines: [expect.stringMatching(new RegExp(`^recalld: .*${setting}`))],
      });
    } finally {
      await unsafe.stop();
    }
  });

  it(
    'given a database that is gone, then it waits a while, and says where it looked',
    async () => {
      const gone = await startPostgres();
      const database = await gone.createDatabase();
      await gone.stop();
      const { code, lines } = await refused(database);
      expect({ code, lines }).toEqual({
        code: misconfigured,
        lines: [
          expect.stringMatching(
            /^recalld: RECALLD_DATABASE_URL leads to 127\.0\.0\.1:\d+, where no PostgreSQL answers \(ECONNREFUSED\)/,
          ),
        ],
      });
    },
    patientMs,
  );

  it(
    'given a database that is there a moment later, then the start goes on',
    async () => {
      const late = await startPostgres();
      const database = await late.createDatabase();
      await late.shutDown();
      const server = spawnServer(postgres.dir, nodeVariables(database));
      await vi.waitFor(() => expect(server.output()).toContain('does not answer yet'), 10_000);
      await late.start();
      await server.listening;
      expect(await server.stop()).toBe(0);
      await late.stop();
    },
    patientMs,
  );
});

describe.skipIf(!hasPostgres)('a database that goes away under a server', () => {
  const postgres = ownPostgres();

  async function given() {
    const server = await startServer(postgres.dir, {
      ...nodeVariables(await postgres.server.createDatabase()),
      RECALLD_LOG_LEVEL: 'silent',
    });
    const probe = async (at: string) => {
      const answer = await fetch(`${server.url}${at}`);
      return { status: answer.status, body: await answer.json() };
    };
    return { server, probe, ready: () => probe('/readyz') };
  }

  it.each([
    { how: 'paused', away: () => postgres.server.pause(), back: () => postgres.server.resume() },
    { how: 'killed', away: () => postgres.server.kill(), back: () => postgres.server.start() },
  ])(
    '$how, then it is not ready until it is back, and serves again then',
    async ({ away, back }) => {
      const { server, probe, ready } = await given();
      const api = await createApi(server.url);
      expect((await ready()).status).toBe(200);

      await away();
      expect(await ready()).toEqual({ status: 503, body: { status: 'unavailable', missing: ['storage'] } });
      expect((await probe('/healthz')).status).toBe(200);

      await back();
      await vi.waitFor(async () => expect((await ready()).status).toBe(200), 30_000);
      const msgId = await api.sendText('u1', 'u2', 'hello');
      expect((await api.recall(msgId, 'u2')).status).toBe(200);
      expect(await server.stop()).toBe(0);
    },
    patientMs,
  );

  it.each([
    { how: 'paused', away: () => postgres.server.pause(), back: () => postgres.server.resume() },
    { how: 'killed', away: () => postgres.server.kill(), back: () => postgres.server.start() },
  ])(
    '$how, then a stop under traffic ends within ten seconds all the same',
    async ({ away, back }) => {
      const { server } = await given();
      const api = await createApi(server.url);
      await api.sendText('u1', 'u2', 'hello');
      await away();
      const unanswered = Promise.allSettled(
        Array.from({ length: 4 }, () => api.sendText('u1', 'u2', 'nobody takes this')),
      );
      const killed = setTimeout(() => server.process.kill('SIGKILL'), 10_000);
      const code = await server.stop();
      clearTimeout(killed);
      await back();
      expect(code).toBe(0);
      await unanswered;
    },
    patientMs,
  );
});

describe.skipIf(!hasPostgres)('recalld migrate', () => {
  const postgres = ownPostgres();

  const cli = fileURLToPath(new URL('../apps/server/dist/cli.js', import.meta.url));

  async function migrate(database: string) {
    const child = spawn(process.execPath, [cli, 'migrate'], {
      env: { PATH: process.env['PATH'], RECALLD_DATABASE_URL: database },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  it('given an empty database, then it is set up, and a second run finds nothing to do', async () => {
    const database = await postgres.server.createDatabase();
    const first = await migrate(database);
    expect(first).toMatchObject({ code: 0, out: 'migrate: the schema is the one of this version\n' });
    expect(first.err).toContain('the schema was brought forward');
    expect(await migrate(database)).toEqual({ code: 0, out: first.out, err: '' });
  });

  it('given a newer schema, then it is left as it is', async () => {
    const database = await postgres.server.createDatabase();
    await migrate(database);
    await withClient(database, (client) =>
      client.query("insert into migrations (version, name, applied_at) values (1000, 'of tomorrow', 0)"),
    );
    expect(await migrate(database)).toMatchObject({
      code: misconfigured,
      out: '',
      err: expect.stringMatching(/^recalld: The database has schema version 1000/),
    });
  });

  it(
    'given a database that is away, then it says so, with 69',
    async () => {
      const gone = await startPostgres();
      const database = await gone.createDatabase();
      await gone.stop();
      expect(await migrate(database)).toMatchObject({
        code: 69,
        err: expect.stringContaining('where no PostgreSQL answers (ECONNREFUSED)'),
      });
    },
    patientMs,
  );
});
