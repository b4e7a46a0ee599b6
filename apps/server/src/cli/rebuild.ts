import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createSecretBox } from '@recalld/adapters-security';
import { openSqliteStorage } from '@recalld/adapters-storage';
import type { Storage } from '@recalld/adapters-storage';
import type { Log, Rebuild } from '@recalld/domain';
import { readConfig } from '../config.js';
import type { Config } from '../config.js';
import { ConfigError } from '../configValues.js';
import { findRootToken } from '../firstStart.js';
import { openPostgres, readPostgres } from '../postgres.js';
import { findSecretKeys } from '../secretKey.js';
import { exitCodes, readLine, Unavailable } from './command.js';
import type { Command, Terminal } from './command.js';
import { openReading } from './reading.js';
import { createTerminalLog } from './terminalLog.js';

export const rebuild: Command = {
  summary: 'make read models anew from the log',
  usage: [
    'usage: recalld rebuild [--wait]',
    '',
    'Makes what lists and histories are read from anew from the log, row by row and in place: servers go on meanwhile.',
    'Asks the server at HOST and PORT to do it in the background; when none runs on the store, does it here.',
    'A rebuild that breaks off goes on at the next start of a server.',
    '',
    '  --wait  waits until the server has done it',
    '',
    'Takes HOST, PORT, RECALLD_ROOT_TOKEN, RECALLD_DATA_DIR, RECALLD_DATABASE_URL and RECALLD_SECRET_KEY like the server.',
    'Ends with 0 when it is done or, without --wait, begun, 64 for a wrong line, 69 when nobody answers, 78 for a wrong',
    'environment.',
  ].join('\n'),

  async run(args, env, terminal) {
    const wait = readOptions(args);
    const config = readConfig(env);
    const log = { ...createTerminalLog('rebuild', terminal), info: () => undefined };
    const server = { url: urlOf(config), token: await tokenOf(config, log) };
    const begun = await call('POST', server);
    if (begun === undefined) return await onOwn(config, server.url, log, terminal);
    if (!wait) {
      terminal.out(`rebuild: begun at ${server.url}, up to position ${begun.through}`);
      return exitCodes.done;
    }
    return await whenDone(terminal, begun, async () => {
      await delay(pollMs, undefined, { signal: terminal.interrupted });
      const now = await call('GET', server);
      if (now === undefined) throw new Unavailable(`the server at ${server.url} does not answer any more`);
      return now;
    });
  },
};

const pollMs = 500;
const progressEveryMs = 1_000;
const stepRows = 500;

interface ServerAddress {
  readonly url: string;
  readonly token: string;
}

function urlOf({ host, port }: Config): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const name = everywhere[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** The environment's, or the store's own. @throws ConfigError when no server ever started on the store */
async function tokenOf(config: Config, log: Log): Promise<string> {
  if (config.rootToken !== undefined) return config.rootToken;
  const { present, previous } = findSecretKeys(config);
  const reading = await openReading(config, log);
  try {
    const token = await findRootToken(config, reading.secrets, createSecretBox(present, previous));
    if (token !== undefined) return token;
    throw new ConfigError('RECALLD_ROOT_TOKEN is not set, and the store has none; it takes the server’s');
  } finally {
    await reading.close();
  }
}

interface Answered {
  readonly position: number;
  readonly through: number;
  readonly changed: number;
  readonly finished_at: number | null;
}

/** Undefined when nobody listens there. @throws Unavailable, ConfigError */
async function call(method: 'GET' | 'POST', { url, token }: ServerAddress): Promise<Answered | undefined> {
  const headers = { authorization: `Bearer ${token}` };
  const target = `${url}/admin/v1/read-models/rebuild`;
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(target, { method, headers, signal }).catch((fault: unknown) => {
    if (isRefused(fault)) return undefined;
    throw new Unavailable(`the server at ${url} does not answer`);
  });
  if (response === undefined) return undefined;
  if (response.ok) return (await response.json()) as Answered;
  if (response.status === 401) {
    throw new ConfigError(`RECALLD_ROOT_TOKEN is not the token of the server at ${url}`);
  }
  throw new Unavailable(`the server at ${url} answers ${response.status}`);
}

function isRefused(fault: unknown): boolean {
  const cause = fault instanceof Error ? fault.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

async function onOwn(config: Config, url: string, log: Log, terminal: Terminal): Promise<number> {
  const storage = await openAlone(config, url, log);
  const clock = { now: () => Date.now() };
  try {
    const begun = await storage.readModels.start(clock.now());
    return await whenDone(terminal, answered(begun), async () => {
      terminal.interrupted.throwIfAborted();
      await storage.readModels.step(clock.now(), stepRows);
      const now = await storage.readModels.state();
      return answered(now ?? begun);
    });
  } finally {
    await storage.close();
  }
}

/** @throws Unavailable when servers run on the store, DataDirInUse when one runs on the folder */
async function openAlone(config: Config, url: string, log: Log): Promise<Storage> {
  const { dataDir, database } = config;
  if (database.kind === 'sqlite') {
    await (await openReading(config, log)).close();
    return openSqliteStorage({ dataDir, databasePath: database.path, clock: { now: () => Date.now() }, log });
  }
  const reading = await readPostgres(database.url, log);
  const nodes = await reading.liveNodes().finally(() => reading.close());
  if (nodes > 0) {
    throw new Unavailable(
      `${nodes} servers run on the database, none at ${url}; HOST and PORT take one’s address`,
    );
  }
  const { present, previous } = findSecretKeys(config);
  return openPostgres(database.url, config, createSecretBox(present, previous), log);
}

function answered({ position, through, changed, finishedAt }: Rebuild): Answered {
  return { position, through, changed, finished_at: finishedAt };
}

/** Tells how far it is, now and then, until it is done. */
async function whenDone(terminal: Terminal, begun: Answered, next: () => Promise<Answered>): Promise<number> {
  let state = begun;
  let toldAt = performance.now();
  try {
    while (state.finished_at === null) {
      state = await next();
      if (performance.now() - toldAt < progressEveryMs) continue;
      toldAt = performance.now();
      terminal.err(
        `rebuild: through position ${state.position} of ${state.through}, ${state.changed} rows put right`,
      );
    }
  } catch (fault) {
    if (!terminal.interrupted.aborted) throw fault;
    terminal.err(`rebuild: interrupted at position ${state.position}; a server goes on with it`);
    return exitCodes.interrupted;
  }
  terminal.out(`rebuild: done through position ${state.through}, ${state.changed} rows put right`);
  return exitCodes.done;
}

function readOptions(args: readonly string[]): boolean {
  return readLine(() => {
    const options = { wait: { type: 'boolean', default: false } } as const;
    return parseArgs({ args: [...args], options, strict: true }).values.wait;
  });
}
