import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withClient } from '../../scripts/lib/postgresDatabases.mjs';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { missingFromLog, startTraffic, untilCalledBack } from '../support/books.js';
import { nodeVariables, startNodes } from '../support/nodes.js';
import type { Nodes, TestNode } from '../support/nodes.js';
import { startReceiver } from '../support/receiver.js';
import { spawnServer } from '../support/server.js';

const backMs = 30_000;
const toldMs = 60_000;
const patientMs = 150_000;
const misconfigured = 78;

/** What happens to the database, from the first moment to the last. */
interface Trouble {
  readonly what: string;
  readonly strike: (postgres: PostgresServer) => Promise<void>;
}

const troubles: readonly Trouble[] = [
  {
    what: 'killed and started again',
    async strike(postgres) {
      await postgres.kill();
      await delay(1_000);
      await postgres.start();
    },
  },
  {
    what: 'standing still for eight seconds',
    async strike(postgres) {
      postgres.pause();
      await delay(8_000);
      postgres.resume();
    },
  },
  {
    what: 'restarted in order',
    async strike(postgres) {
      await postgres.shutDown();
      await postgres.start();
    },
  },
];

describe.skipIf(findPostgres() === undefined).concurrent('a database under traffic of three nodes', () => {
  it.each(troubles)(
    '$what: nothing that was acknowledged is lost, nobody hears but 503, and no node needs a restart',
    async ({ strike }) => {
      const postgres = await startPostgres();
      const cluster = await startNodes(postgres, 3);
      const receiver = await startReceiver();
      const [node] = cluster.nodes as readonly [TestNode];
      const rule = { name: 'easemob', url: receiver.url, dialect: 'easemob' };
      expect((await node.api.admin('POST', '/callback-rules', rule)).status).toBe(201);

      const traffic = startTraffic(() => cluster.nodes);
      for (let round = 0; round < 2; round += 1) {
        await delay(1_500);
        await strike(postgres);
        await untilAllServe(cluster);
      }
      const before = traffic.books.sent.size;
      await delay(1_500);
      const books = await traffic.stop();

      expect(books.sent.size).toBeGreaterThan(before);
      expect(books.counts.cutOff).toBe(0);
      expect({ twice: books.twice, wrong: books.wrong }).toEqual({ twice: [], wrong: [] });
      expect(await missingFromLog(node.api, books)).toEqual([]);
      expect(await untilCalledBack(receiver, books.recalled, toldMs)).toEqual([]);
      expect(cluster.nodes.map(({ process }) => process.exitCode)).toEqual([null, null, null]);
      await cluster.close();
      await receiver.close();
      await postgres.stop();
    },
    patientMs,
  );

  async function untilAllServe({ nodes }: Nodes): Promise<void> {
    for (const { url, api } of nodes) {
      await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), backMs);
      await vi.waitFor(async () => void (await api.sendText('u1', 'u2', 'hello')), backMs);
    }
  }
});

describe.skipIf(findPostgres() === undefined)('nodes that start on one database', () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(() => postgres.stop());

  it('at the same moment, on an empty one: all of them serve one app, and the secrets are shown once in all', async () => {
    const env = { RECALLD_ROOT_TOKEN: '', RECALLD_CLIENT_ID: '', RECALLD_CLIENT_SECRET: '' };
    const database = await postgres.createDatabase();
    const servers = Array.from({ length: 5 }, () =>
      spawnServer('/nonexistent', { ...nodeVariables(database), ...env, RECALLD_LOG_LEVEL: 'error' }),
    );
    const urls = await Promise.all(servers.map(({ listening }) => listening));
    const shown = servers.flatMap(
      ({ output }) => output().match(/^.*(?:root token|client secret|client id).*$/gm) ?? [],
    );
    expect(shown).toHaveLength(3);
    expect(new Set(shown).size).toBe(3);
    const [, secret = ''] = /client secret[^:]*: (\S+)/.exec(shown.join('\n')) ?? [];
    const [, client_id = ''] = /client id: (\S+)/.exec(shown.join('\n')) ?? [];
    const apps = await Promise.all(
      urls.map(async (url) => {
        const body = JSON.stringify({ grant_type: 'client_credentials', client_id, client_secret: secret });
        const headers = { 'content-type': 'application/json' };
        const login = await fetch(`${url}/acme/im/token`, { method: 'POST', headers, body });
        return ((await login.json()) as { application: string }).application;
      }),
    );
    expect(apps[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(apps).size).toBe(1);
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0, 0, 0, 0]);
  }, 60_000);

  it.each([
    {
      which: 'a newer',
      change: "insert into migrations (version, name, applied_at) values (1000, 'of tomorrow', 0)",
    },
    {
      which: 'an older',
      change: 'delete from migrations where version = (select max(version) from migrations)',
    },
  ])(
    'with $which schema than the one that starts: that one says so in one line and ends, and the others go on',
    async ({ change }) => {
      const cluster = await startNodes(postgres, 2);
      const traffic = startTraffic(() => cluster.nodes, 3);
      await withClient(cluster.database, (client) => client.query(change));
      const late = spawnServer('/nonexistent', {
        ...nodeVariables(cluster.database),
        RECALLD_LOG_LEVEL: 'error',
      });
      expect(await late.ended).toBe(misconfigured);
      expect(late.output().trim().split('\n')).toEqual([
        expect.stringMatching(/^recalld: The database has schema version \d+/),
      ]);

      const before = traffic.books.sent.size;
      await vi.waitFor(() => expect(traffic.books.sent.size).toBeGreaterThan(before + 20), backMs);
      const { counts, wrong, twice } = await traffic.stop();
      expect({ counts, wrong, twice }).toEqual({ counts: { away: 0, cutOff: 0 }, wrong: [], twice: [] });
      await cluster.close();
    },
    60_000,
  );
});
