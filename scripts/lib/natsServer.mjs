// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const startDeadlineMs = 20_000;
const stopDeadlineMs = 5_000;

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
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  console.log('Installing nats-server for the tests, from Debian’s packages…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {readonly string[]} args */
  const aptGet = (...args) => spawnSync('apt-get', args, { env, stdio: 'ignore' }).status === 0;
  const install = () => aptGet('install', '--yes', '--no-install-recommends', 'nats-server');
  if (!install() && aptGet('update')) install();
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
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
  const server = runner(program, configFile);
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
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
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
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
  for (let waited = 0; !hasLeader() && waited < startDeadlineMs; waited += 50) await delay(50);
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

/**
 * One process at a time of a program with a configuration.
 *
 * @param {string} program
 * @param {string} configFile
 */
function runner(program, configFile) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  let said = '';
  const endWithUs = () => child?.kill('SIGKILL');

  function start() {
    const started = spawn(program, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    said = '';
    started.stderr?.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-20_000)));
    process.on('exit', endWithUs);
    started.once('exit', () => {
      if (child === started) child = undefined;
      process.off('exit', endWithUs);
    });
    return ready(started, () => said);
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    const ending = child;
    if (ending === undefined) return;
    const over = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    ending.kill('SIGCONT');
    const timer = setTimeout(() => ending.kill('SIGKILL'), stopDeadlineMs);
    await over;
    clearTimeout(timer);
  }

  return {
    start,
    end,
    said: () => said,
    pid: () => child?.pid,
    /** @param {NodeJS.Signals} signal */
    signal(signal) {
      if (child === undefined) throw new Error('nats-server does not run');
      child.kill(signal);
    },
  };
}

/**
 * Resolves when the server takes connections.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {() => string} said what it has written so far
 * @returns {Promise<void>}
 */
function ready(child, said) {
  return new Promise((resolve, reject) => {
    /** @param {string} why */
    const refuse = (why) => reject(new Error(`nats-server ${why}; it said:\n${said()}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      refuse('did not start in time');
    }, startDeadlineMs);
    child.once('error', (err) => refuse(err.message));
    child.once('exit', (code) => {
      clearTimeout(timer);
      refuse(`ended with ${code}`);
    });
    child.stderr?.on('data', () => {
      if (!said().includes('Server is ready')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * A free port of 127.0.0.1 below those that the system gives to outgoing connections: a client that
 * tries to reach a dead broker must not be given the broker's own port.
 *
 * @returns {Promise<number>}
 */
async function freePort() {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found');
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
