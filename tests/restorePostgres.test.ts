import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNatsServer, startNatsServer } from '../scripts/lib/natsServer.mjs';
import { findPostgres } from '../scripts/lib/postgresServer.mjs';
import { createApi } from './support/api.js';
import { recalld } from './support/cli.js';
import type { Ran } from './support/cli.js';
import { ownPostgres } from './support/postgres.js';
import { startServer } from './support/server.js';
import { converse, takeBack, tookAll } from './support/takenBack.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(new URL('../docs/backup.md', import.meta.url), 'utf8');
const key = { RECALLD_SECRET_KEY: 'the same secret key at every node' };
const bin = findPostgres();

/** The commands of the page that hold a word, one block of it. */
function commandsWith(word: string): string {
  const blocks = [...page.matchAll(/^```sh\n([^`]*)```$/gm)].map(([, commands = '']) => commands);
  const [found] = blocks.filter((commands) => commands.includes(word));
  if (found === undefined) throw new Error(`docs/backup.md has no commands with ${word}`);
  return found;
}

// A dump of a database in use brings its nodes' leases with it, and they are waited for.
describe.skipIf(bin === undefined)(
  'backups of PostgreSQL, as docs/backup.md has them',
  { timeout: 90_000 },
  () => {
    const postgres = ownPostgres();

    /** Runs commands of the page, with its file in the test's folder. */
    async function run(commands: string, env: Readonly<Record<string, string>>): Promise<Ran> {
      const line = commands.replaceAll('recalld.dump', `${postgres.dir}/recalld.dump`);
      const child = spawn('sh', ['-ec', line], {
        cwd: root,
        env: { ...key, ...env, PATH: `${bin}:${process.env['PATH']}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, out, err };
    }

    const start = (database: string, env: Readonly<Record<string, string>> = {}) =>
      startServer(postgres.dir, { RECALLD_DATABASE_URL: database, ...key, ...env });

    /** A database in which all was taken back after a dump of it. */
    async function given(env: Readonly<Record<string, string>> = {}) {
      const old = await postgres.server.createDatabase();
      const server = await start(old, env);
      const api = await createApi(server.url);
      const conversations = await converse(api);
      expect(await run(commandsWith('pg_dump'), { RECALLD_DATABASE_URL: old })).toMatchObject({ code: 0 });
      await takeBack(api, conversations);
      return { old, server, conversations };
    }

    async function expectTakenBack(database: string): Promise<void> {
      const server = await start(database);
      const api = await createApi(server.url);
      expect(await api.roaming('u2', 'u1@easemob.com')).toHaveLength(0);
      expect(await api.roaming('u3', 'u1@easemob.com')).toHaveLength(10);
      expect(await api.roaming('anna', 'ben@easemob.com')).toHaveLength(0);
      expect((await api.admin('GET', '/recall-policy')).body).toMatchObject({ window_seconds: 77 });
      await server.stop();
      const verified = await recalld(['verify'], { RECALLD_DATABASE_URL: database, ...key });
      expect(verified).toMatchObject({ code: 0 });
    }

    it('given the database that went on, then its recalls are taken, once, and no node is served before', async () => {
      const { old, server, conversations } = await given();
      await server.stop();
      const env = { RECALLD_DATABASE_URL: await postgres.server.createDatabase(), OLD_DATABASE_URL: old };

      const restored = await run(commandsWith('pg_restore'), env);
      expect(restored).toMatchObject({ code: 0, err: '' });
      expect(restored.out).toContain(`${tookAll} were taken from`);
      await expectTakenBack(env.RECALLD_DATABASE_URL);

      const again = 'node apps/server/dist/cli.js restore --recalls-from "$OLD_DATABASE_URL"';
      const twice = await run(again, env);
      expect(twice).toMatchObject({ code: 0, err: '' });
      expect(twice.out).toContain('0 recalls, 0 deletions of conversations and 0 recall policies');

      const serving = await start(env.RECALLD_DATABASE_URL);
      const api = await createApi(serving.url);
      expect(await run(again, env)).toMatchObject({
        code: 78,
        err: expect.stringContaining('A node is at work'),
      });
      expect((await api.recall(conversations.image, 'u2')).body).toMatchObject({
        error_description: 'not_found msg',
      });
      expect((await fetch(conversations.fileUrl.replace(server.url, serving.url))).status).toBe(404);
      await serving.stop();
    });

    it.skipIf(findNatsServer() === undefined)(
      'given that the database is lost, then the stream of events tells what was recalled',
      async () => {
        const broker = await startNatsServer();
        const { server } = await given({ RECALLD_NATS_URL: broker.url });
        await expect
          .poll(async () => (await fetch(`${server.url}/metrics`)).text(), { timeout: 10_000 })
          .toMatch(/recalld_feed_lag_seconds\{feed="events"\} 0\n/);
        await server.stop('SIGKILL');
        const env = {
          RECALLD_DATABASE_URL: await postgres.server.createDatabase(),
          RECALLD_NATS_URL: broker.url,
        };
        const [dump = ''] = commandsWith('pg_restore').split('\n');
        expect(await run(dump, env)).toMatchObject({ code: 0 });

        const restored = await run(commandsWith('--recalls-from "$RECALLD_NATS_URL"'), env);

        expect(restored).toMatchObject({ code: 0, err: '' });
        expect(restored.out).toContain(`${tookAll} were taken from the stream RECALLD_EVENTS`);
        await expectTakenBack(env.RECALLD_DATABASE_URL);
        await broker.stop();
      },
    );
  },
);
