// @ts-check
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, installFromDebian, isProgram, mayInstall } from './machine.mjs';
import { createDatabase, createRole } from './postgresDatabases.mjs';
import { serverProcess } from './serverProcess.mjs';

/** What a suite that was left out for want of it needs. */
export const postgresHint =
  'PostgreSQL was not found: install it (on Debian: apt-get install postgresql), or name the folder of its programs in RECALLD_TEST_POSTGRES_BIN.';

/**
 * The folder of PostgreSQL's programs: named by the environment, else this machine's newest.
 *
 * @returns {string | undefined}
 */
export function findPostgres() {
  const named = process.env.RECALLD_TEST_POSTGRES_BIN;
  if (named !== undefined && named !== '') return hasPrograms(named) ? named : undefined;
  return [...debianFolders(), ...(process.env.PATH ?? '').split(delimiter)].find(hasPrograms);
}

/** @param {string} folder */
function hasPrograms(folder) {
  return ['initdb', 'postgres'].every((program) => isProgram(join(folder, program)));
}

/** Of each version, the newest first: Debian has them off the PATH. */
function debianFolders() {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return [];
  const names = readdirSync(versions).sort((one, other) => Number(other) - Number(one));
  return names.map((version) => join(versions, version, 'bin'));
}

/**
 * Installs PostgreSQL where nothing stands in the way: as root, on Debian, when the machine has none.
 * Debian's own server is not set up with it.
 */
export function providePostgres() {
  if (findPostgres() !== undefined || process.env.RECALLD_TEST_POSTGRES_BIN || !mayInstall()) return;
  const settings = '/etc/postgresql-common/createcluster.d';
  const file = join(settings, 'recalld-tests.conf');
  mkdirSync(settings, { recursive: true });
  writeFileSync(file, 'create_main_cluster = false\n');
  installFromDebian('postgresql');
  rmSync(file);
}

/**
 * @typedef {object} PostgresOptions
 * @property {string} [config] more lines of postgresql.conf
 * @property {number} [port] of 127.0.0.1; a free one when left out
 * @property {string} [under] where its folder is made
 */

/** @typedef {Awaited<ReturnType<typeof startPostgres>>} PostgresServer */

/**
 * Starts a private server on a port and in a folder of its own; what it has committed is on the disk.
 * It ends with this process at the latest. @throws when there are no programs, or it does not start.
 *
 * @param {PostgresOptions} [options]
 */
export async function startPostgres({ config = '', port: asked, under = tmpdir() } = {}) {
  const bin = findPostgres();
  if (bin === undefined) throw new Error(postgresHint);
  const port = asked ?? (await freePort());
  const owner = unprivileged();
  const folder = mkdtempSync(join(under, 'recalld-postgres-'));
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const options = { cwd: folder, ...owner };
  const data = join(folder, 'data');
  const server = serverProcess({
    name: 'PostgreSQL',
    command: join(bin, 'postgres'),
    args: ['-D', data],
    ready: 'ready to accept connections',
    folder,
    // In a session of its own: a Ctrl-C for the program that uses it leaves it time to close.
    options: { ...options, detached: true },
    // Ends it at once, and gives back the memory that it shares with its children.
    lastSignal: 'QUIT',
  });
  const removeFolder = () => {
    server.release();
    rmSync(folder, { recursive: true, force: true });
  };
  /** @param {string} user @param {string} password */
  const urlOf = (user, password) => `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  const password = randomBytes(18).toString('base64url');
  const access = { url: urlOf('postgres', password), userUrl: urlOf('recalld', password) };
  try {
    writeFileSync(join(folder, 'password'), password);
    await initialize(join(bin, 'initdb'), folder, options);
    appendFileSync(join(data, 'postgresql.conf'), settings({ port, folder, config }));
    await server.start();
    await createRole(access);
  } catch (err) {
    await server.end('SIGKILL');
    removeFolder();
    throw err;
  }

  return {
    /** The superuser's. */
    url: access.url,
    /** An ordinary role's, which owns the databases that are created here. */
    userUrl: access.userUrl,
    port,
    folder,
    /** Of the running server; undefined while there is none. */
    get pid() {
      return server.pid();
    },
    /** The last that it said of itself. */
    said: server.said,
    /** Starts it again, on the same port and folder: it recovers what was committed. */
    start: server.start,
    /** It keeps its connections, and answers nothing until it is resumed. */
    pause: server.pause,
    resume: server.resume,
    /** kill -9, its children too. */
    kill: () => server.end('SIGKILL'),
    /** Ends it in order, without waiting for its clients, and keeps what it stores. */
    shutDown: () => server.end('SIGINT'),
    /** Ends it in order, and removes its folder. */
    async stop() {
      await server.end('SIGINT');
      removeFolder();
    },
    /**
     * Makes an empty database; its URL is the ordinary role's.
     *
     * @param {string} [name]
     */
    createDatabase: (name) => createDatabase(access, { name }),
  };
}

/**
 * Who runs it instead of root, as whom PostgreSQL refuses to run.
 *
 * @returns {{ uid: number, gid: number } | undefined} undefined when this process is not root's
 */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody') ?? [];
  if (uid === undefined) throw new Error('PostgreSQL refuses to run as root, and there is no other user');
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * @param {string} initdb
 * @param {string} folder holds the superuser's password, and then the data
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<void>}
 */
function initialize(initdb, folder, options) {
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '--pwfile', join(folder, 'password')];
  // What a new server holds need not be on the disk; what it stores later will be.
  args.push('--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync');
  return new Promise((resolve, reject) => {
    const child = spawn(initdb, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`initdb ended with ${code}; it said:\n${said}`)),
    );
  });
}

/** @param {{ port: number, folder: string, config: string }} server */
function settings({ port, folder, config }) {
  return `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = '${folder}'
max_connections = 200
shared_buffers = 32MB
fsync = on
synchronous_commit = on
# In its folder: a killed server leaves nothing in the machine's shared memory.
dynamic_shared_memory_type = mmap
log_checkpoints = off
log_timezone = UTC
timezone = UTC
lc_messages = C
${config}
`;
}
