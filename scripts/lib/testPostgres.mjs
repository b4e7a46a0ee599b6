// @ts-check
// One PostgreSQL for all tests of a run, which starts when the first of them asks for it.
import { createHash } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { createDatabase, databaseName, dropDatabase, withClient } from './postgresDatabases.mjs';
import { findPostgres, startPostgres } from './postgresServer.mjs';

/** A server whose URL the environment names: tests make their databases there, and drop them. */
const given = () => process.env.RECALLD_TEST_POSTGRES_URL || undefined;

/** Whether tests can have a database: for `describe.skipIf`. */
export const postgresAvailable = () => given() !== undefined || findPostgres() !== undefined;

/**
 * @typedef {import('./postgresDatabases.mjs').PostgresAccess & { prefix: string }} TestServer
 *   `prefix`: how the names of this run's databases begin
 * @typedef {{ url: string, drop(): Promise<void> }} TestDatabase
 * @typedef {(url: string) => Promise<void>} Preparation
 */

/**
 * Lends the server to whoever fetches from `url`, in other processes too.
 *
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function lendPostgres() {
  /** @type {ReturnType<typeof openServer> | undefined} */
  let opened;
  const desk = createServer((_request, response) => {
    opened ??= openServer();
    opened.then(
      ({ server }) => response.end(JSON.stringify(server)),
      (err) => response.writeHead(500).end(String(err)),
    );
  });
  const port = await new Promise((resolve) => {
    desk.listen(0, '127.0.0.1', () => {
      const address = desk.address();
      resolve(typeof address === 'object' ? address?.port : undefined);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      desk.close();
      desk.closeAllConnections();
      const open = await opened?.catch(() => undefined);
      await open?.stop();
    },
  };
}

/** @returns {Promise<{ server: TestServer, stop(): Promise<void> }>} */
async function openServer() {
  const prefix = databaseName('recalld_test_');
  const url = given();
  if (url !== undefined) {
    const access = { url, userUrl: url };
    return { server: { ...access, prefix }, stop: () => dropAll(access, prefix) };
  }
  const started = await startPostgres({ under: quickFolder() });
  return { server: { url: started.url, userUrl: started.userUrl, prefix }, stop: started.stop };
}

const memoryFolder = '/dev/shm';
const memoryBytesMin = 4 * 2 ** 30;

/** Databases that last for one test need no disk, where there is memory for them. */
function quickFolder() {
  if (!existsSync(memoryFolder)) return tmpdir();
  const { bavail, bsize } = statfsSync(memoryFolder);
  return bavail * bsize >= memoryBytesMin ? memoryFolder : tmpdir();
}

/**
 * @param {import('./postgresDatabases.mjs').PostgresAccess} access
 * @param {string} prefix
 */
async function dropAll(access, prefix) {
  const named = 'select datname from pg_database where starts_with(datname, $1)';
  const { rows } = await withClient(access.url, (client) => client.query(named, [prefix]));
  for (const { datname } of rows) await dropDatabase(access, datname);
}

/**
 * A database of its own for a test: empty, or as `prepare` left the first one that it was given.
 * It runs once for all tests of the run, and is told from another by its name and its text: what it
 * does may not depend on variables. It closes its connections. @throws when there is no server.
 *
 * @param {string} lender the URL of the one who lends the server
 * @param {Preparation} [prepare]
 * @returns {Promise<TestDatabase>}
 */
export async function createTestDatabase(lender, prepare) {
  const answer = await fetch(lender, { headers: { connection: 'close' } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  /** @type {TestServer} */
  const server = JSON.parse(text);
  const template = prepare === undefined ? undefined : await provideTemplate(server, prepare);
  const name = databaseName(`${server.prefix}_`);
  const url = await createDatabase(server, { name, template });
  return { url, drop: () => dropDatabase(server, name) };
}

/**
 * @param {TestServer} server
 * @param {Preparation} prepare
 * @returns {Promise<string>} the name of the database that `prepare` has been given
 */
async function provideTemplate(server, prepare) {
  const key = createHash('sha256').update(`${prepare.name} ${prepare}`).digest('hex').slice(0, 12);
  const template = `${server.prefix}_t${key}`;
  await withClient(server.url, async (client) => {
    // Until this connection ends: tests of other processes want the same one.
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [template]);
    const made = await client.query('select from pg_database where datname = $1', [template]);
    if (made.rowCount === 1) return;
    // It takes its name when it is ready: a preparation that fails leaves none.
    const draft = `${template}_draft`;
    await dropDatabase(server, draft);
    await prepare(await createDatabase(server, { name: draft }));
    await client.query(`alter database ${draft} rename to ${template}`);
  });
  return template;
}
