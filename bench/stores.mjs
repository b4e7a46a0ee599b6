// @ts-check
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../scripts/lib/postgresServer.mjs';

/**
 * @typedef {object} Store where a recalld keeps what it is told
 * @property {'SQLite' | 'PostgreSQL'} engine
 * @property {Record<string, string>} env what a node needs to find it
 * @property {number | undefined} serverPid of the database's server, which has processes of its own
 * @property {() => Promise<number>} bytes what it takes of the disk; a write-ahead log is not counted
 * @property {() => Promise<void>} remove
 */

/** A server as one would set it up; the rest is PostgreSQL's own defaults. */
const settings = `
shared_buffers = 1GB
max_wal_size = 8GB
checkpoint_timeout = 15min
autovacuum_naptime = 15s
`;

/**
 * @param {string} folder
 * @returns {Store}
 */
export function sqliteStore(folder) {
  const dir = mkdtempSync(join(folder, 'store-'));
  return {
    engine: 'SQLite',
    env: { RECALLD_DATA_DIR: dir },
    serverPid: undefined,
    bytes: async () =>
      readdirSync(dir)
        .filter((name) => !name.endsWith('-wal') && !name.endsWith('-shm'))
        .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0),
    remove: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

/**
 * One PostgreSQL server for all stores of a run, started when the first of them is made.
 *
 * @param {string} folder
 */
export function postgresStores(folder) {
  /** @type {Promise<import('../scripts/lib/postgresServer.mjs').PostgresServer> | undefined} */
  let started;
  return {
    /** @returns {Promise<Store>} */
    async make() {
      // It may run as another user, who has to come through.
      chmodSync(folder, 0o755);
      started ??= startPostgres({ config: settings, under: folder });
      const server = await started;
      const url = await server.createDatabase();
      return {
        engine: 'PostgreSQL',
        env: { RECALLD_DATABASE_URL: url, RECALLD_SECRET_KEY: 'the same secret key at every node' },
        serverPid: server.pid,
        bytes: () => sizeOf(url),
        remove: () => drop(server.url, new URL(url).pathname.slice(1)),
      };
    },
    stop: async () => (await started)?.stop(),
  };
}

/** @param {string} url */
async function sizeOf(url) {
  const [row] = await ask(url, 'select pg_database_size(current_database())::float8 as bytes');
  return row?.bytes;
}

/**
 * @param {string} url
 * @param {string} name
 */
async function drop(url, name) {
  await ask(url, `drop database "${name}" with (force)`);
}

/**
 * @param {string} url
 * @param {string} text
 */
async function ask(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
