import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/** A real process that runs a script of these sources. */
export interface Child {
  /** The lines that it prints, one after the other; undefined when it has ended. */
  nextLine(): Promise<string | undefined>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
}

export function startChild(script: URL, ...parameters: readonly string[]): Child {
  const file = fileURLToPath(script);
  const loader = pathToFileURL(require.resolve('tsx')).href;
  const args = ['--import', loader, '--conditions', 'source', file, ...parameters];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async nextLine() {
      const { done, value } = await lines.next();
      return done === true ? undefined : value;
    },
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
