import { chownSync, linkSync, mkdirSync, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNatsServer, startNatsServer } from '../scripts/lib/natsServer.mjs';
import type { NatsServer } from '../scripts/lib/natsServer.mjs';
import { withClient } from '../scripts/lib/postgresDatabases.mjs';
import { createApi } from './support/api.js';
import { describeErasure, gone, sendToMany } from './support/erasure.js';
import { filesWith } from './support/files.js';
import { nodeVariables } from './support/nodes.js';
import { hasPostgres, ownPostgres } from './support/postgres.js';
import { startServer } from './support/server.js';
import { tracesIn } from './support/traces.js';

/** Everything that a statement is given goes to the log, and what is not small to temporary files. */
const config = `
log_statement = all
log_min_duration_statement = 0
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_error_verbosity = verbose
log_temp_files = 0
work_mem = '64kB'
`;
const natsConfig = 'debug: true\ntrace: true\ntrace_verbose: true';
/** As the streams have it of each recall. */
const recalled = 'message.recalled';

const provided = hasPostgres && findNatsServer() !== undefined;

// When keys are gone from the files of tables is tested where the storage is: it takes minutes here.
describe.skipIf(!provided)('with PostgreSQL and NATS', { timeout: 120_000 }, () => {
  const postgres = ownPostgres({ config });
  let broker: NatsServer;

  beforeAll(async () => {
    broker = await startNatsServer({ config: natsConfig });
  });

  afterAll(() => broker.stop());

  async function startNode() {
    const database = await postgres.server.createDatabase();
    const env = { ...nodeVariables(database), RECALLD_NATS_URL: broker.url };
    const server = await startServer('/nonexistent', { ...env, RECALLD_LOG_LEVEL: 'trace' });
    return { database, env, server };
  }

  describeErasure({
    name: 'PostgreSQL',
    sealed: true,
    async start() {
      const { database, env, server } = await startNode();
      const superuser = postgres.server.url.replace(/\/[^/]+$/, new URL(database).pathname);
      return {
        server,
        env,
        folders: [postgres.server.folder, broker.folder],
        // Statistics are samples of what columns hold.
        flush: () =>
          withClient(superuser, async (client) => void (await client.query('analyze; checkpoint'))),
        close: async () => void (await server.stop()),
      };
    },
  });

  it('given all of that, then statements, temporary files and publications were told of in the logs', async () => {
    for (const told of ['insert into "bodies"', 'parameters: $1 = ', 'temporary file: path "']) {
      expect(await filesWith(postgres.server.folder, told), told).toContain('log');
    }
    expect(await filesWith(broker.folder, recalled)).toContain('log');
    expect(await filesWith(path.join(broker.folder, 'store'), recalled)).not.toEqual([]);
  });

  it('given statements that need temporary files, then these have no byte of any content', async () => {
    const kept = keepTemporaryFiles(postgres.server.folder);
    const { server } = await startNode();
    try {
      const api = await createApi(server.url);
      // Not every file is there for long enough to be kept.
      const sendAndKeep = async () => {
        await sendToMany(api);
        return readdirSync(kept.dir);
      };
      await expect.poll(sendAndKeep, { timeout: 60_000 }).not.toEqual([]);

      expect(await tracesIn([kept.dir], gone)).toEqual([]);
    } finally {
      kept.close();
      await server.stop();
    }
  });
});

/** A second name, in a folder of its own, keeps a file that the server removes. */
function keepTemporaryFiles(folder: string): { readonly dir: string; close(): void } {
  const base = path.join(folder, 'data', 'base');
  const [temporary, dir] = [path.join(base, 'pgsql_tmp'), path.join(folder, 'kept')];
  for (const made of [temporary, dir]) mkdirSync(made, { recursive: true });
  const { uid, gid } = statSync(base);
  chownSync(temporary, uid, gid);
  const watcher = watch(temporary, (_, name) => {
    try {
      if (name !== null) linkSync(path.join(temporary, name), path.join(dir, name));
    } catch {
      // It is kept already, or was removed before.
    }
  });
  return { dir, close: () => void watcher.close() };
}
