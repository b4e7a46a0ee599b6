import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../apps/server/dist/cli.js', import.meta.url));

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a built command of recalld to its end; it is killed, by kill -9, as soon as `killWhen` holds. */
export async function recalld(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  killWhen?: () => boolean,
): Promise<Ran> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const watch = setInterval(() => {
    if (killWhen?.() === true) child.kill('SIGKILL');
  }, 1);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  return { code, out, err };
}
