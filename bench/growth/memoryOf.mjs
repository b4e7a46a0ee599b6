// @ts-check
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a server is started with that is to be asked for its memory; it writes to `BENCH_MEMORY_FILE`. */
export const memoryArgs = ['--expose-gc', '--import', new URL('memory.mjs', import.meta.url).href];

const deadlineMs = 30_000;

/**
 * The memory of such a server, its garbage collected.
 *
 * @param {number} pid
 * @param {string} file
 * @returns {Promise<NodeJS.MemoryUsage>}
 */
export async function memoryOf(pid, file) {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    await sleep(200);
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (fault) {
      if (Date.now() > deadline) throw fault;
    }
  }
}
