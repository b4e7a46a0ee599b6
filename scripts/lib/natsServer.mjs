// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, installFromDebian, isProgram, mayInstall } from './machine.mjs';
import { serverProcess } from './serverProcess.mjs';

const electionDeadlineMs = 20_000;

/** What a suite that was left out for want of it needs. */
export const natsServerHint =
  'nats-server was not found: install it (on Debian: apt-get install nats-server), or name its path in RECALLD_TEST_NATS_SERVER.';

/**
 * The broker's program: named by the environment, else this machine's.
 *
 * @returns {string | undefined}
 */
export function findNatsServer() {
  const named = process.env.RECALLD_TEST_NATS_SERVER;
  if (named !== undefined && named !== '') return isProgram(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find(isProgram);
}

/** Installs the broker where nothing stands in the way: as root, on Debian, when the machine has none. */
export function provideNatsServer() {
  if (findNatsServer() !== undefined || process.env.RECALLD_TEST_NATS_SERVER) return;
  if (mayInstall()) installFromDebian('nats-server');
}

/**
 * @typedef {object} NatsServerOptions
 * @property {string} [config] more lines of the server's configuration
 * @property {string} [userInfo] `user:password` or `token`, as the URL says it
 * @property {number} [port] of 127.0.0.1; a free one when left out
 */

/** @typedef {Awaited<ReturnType<typeof startNatsServer>>} NatsServer */

/**
 * Starts a private broker with JetStream, on a port and in a folder of its own. It ends with this
 * process at the latest. @throws when there is no program, or it does not start.
 *
 * @param {NatsServerOptions} [options]
 */
export async function startNatsServer({ config = '', userInfo = '', port: asked } = {}) {
  const program = findNatsServer();
  if (program === undefined) throw new Error(natsServerHint);
  const port = asked ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'recalld-nats-'));
  const store = join(folder, 'store');
  const configFile = join(folder, 'nats.conf');
  const lines = [
    'host: 127.0.0.1',
    `port: ${port}`,
    // Stated, or the broker lends as much as the machine has left.
    `jetstream { store_dir: "${store}", max_memory_store: 256M, max_file_store: 8G }`,
    authorization(userInfo),
    config,
  ];
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const server = serverProcess({
    name: 'nats-server',
    command: program,
    args: ['-c', configFile],
    ready: 'Server is ready',
    folder,
  });
  const removeFolder = () => {
    server.release();
    rmSync(folder, { recursive: true, force: true });
  };
  await server.start().catch((err) => {
    removeFolder();
    throw err;
  });

  return {
    url: `nats://${userInfo === '' ? '' : `${userInfo}@`}127.0.0.1:${port}`,
    port,
    folder,
    /** Of the running process; undefined while there is none. */
    get pid() {
      return server.pid();
    },
    /** The last that it said of itself. */
    said: server.said,
    /** Starts it again, on the same port and folder. */
    start: server.start,
    /** It keeps its connections, and answers nothing until it is resumed. */
    pause: server.pause,
    resume: server.resume,
    /** kill -9. */
    kill: () => server.end('SIGKILL'),
    /** Ends it in order, and removes its folder. */
    async stop() {
      await server.end('SIGTERM');
      removeFolder();
    },
    /** Forgets everything that it has stored. @throws when it runs. */
    wipe() {
      if (server.pid() !== undefined) throw new Error('a running nats-server is not wiped');
      rmSync(store, { recursive: true, force: true });
    },
  };
}

/**
 * Three brokers that know each other and have chosen a leader. @throws when they do not start.
 *
 * @returns {Promise<{ url: string, nodes: readonly NatsServer[], stop(): Promise<void> }>}
 */
export async function startNatsCluster() {
  const routePorts = [await freePort(), await freePort(), await freePort()];
  const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const nodes = await Promise.all(
    routePorts.map((port, index) => {
      const cluster = `cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
      return startNatsServer({ config: `server_name: n${index + 1}\n${cluster}` });
    }),
  );
  const hasLeader = () => nodes.some(({ said }) => said().includes('new metadata leader'));
  for (let waited = 0; !hasLeader() && waited < electionDeadlineMs; waited += 50) await delay(50);
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

/** @param {string} userInfo */
function authorization(userInfo) {
  if (userInfo === '') return '';
  const [user, password] = userInfo
    .split(':')
    .map(decodeURIComponent)
    .map((part) => JSON.stringify(part));
  const who = password === undefined ? `token: ${user}` : `user: ${user}, password: ${password}`;
  return `authorization { ${who} }`;
}
