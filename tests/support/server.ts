import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';

const main = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url));

/** Credentials that every server of these tests is started with. */
export const credentials = {
  rootToken: 'test-root-token',
  clientId: 'test-client-id',
  clientSecret: 'test-client-secret',
  org: 'acme',
  app: 'im',
} as const;

const environment = {
  PORT: '0',
  RECALLD_ROOT_TOKEN: credentials.rootToken,
  RECALLD_APP: `${credentials.org}#${credentials.app}`,
  RECALLD_CLIENT_ID: credentials.clientId,
  RECALLD_CLIENT_SECRET: credentials.clientSecret,
  RECALLD_SDKAPPID: '1400000000',
  RECALLD_SDKAPPID_KEY: 'test-usersig-key',
  RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
  RECALLD_LOG_LEVEL: 'warn',
};

export interface RunningServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it printed so far, both streams. */
  output(): string;
  /** Sends the signal and waits for the end; answers the exit code, null when it was killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A new empty folder below the system's temporary one, and the function that removes it. */
export async function temporaryFolder(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'recalld-test-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Spawns the built server on a free port and waits until it says where it listens. */
export async function startServer(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const server = spawnServer(dataDir, env);
  const url = await server.listening;
  return { ...server, url };
}

/**
 * Spawns the built server without waiting; `listening` rejects with its output when it ends before.
 * `prefix` is a command that runs it: none when left out.
 */
export function spawnServer(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
) {
  const [command = process.execPath, ...args] = [...prefix, process.execPath, main];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...environment, ...env, RECALLD_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const listening = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      printed += chunk.toString();
      const [, url] = /listens on (http:\/\/\S+)/.exec(printed) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then((code) => {
      reject(new Error(`the server ended with ${code}: ${printed}`));
    });
  });
  // Who does not wait for it does not care that it ended.
  listening.catch(() => undefined);
  return {
    process: child,
    listening,
    ended,
    output: () => printed,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}
