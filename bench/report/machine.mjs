// @ts-check
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const require = createRequire(import.meta.url);

/**
 * What the figures depend on.
 *
 * @param {string} folder where the stores are
 * @param {import('../options.mjs').Options} options
 */
export function describeMachine(folder, { connections, warm, seconds, rounds }) {
  const [cpu] = cpus();
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `machine   ${availableParallelism()} cores of ${cpu?.model ?? 'an unknown CPU'}, ${gib} GiB,` +
      ` ${type()} ${release()} ${arch()}`,
    `disk      ${Math.round(flushesPerSecond(folder))} appends of 4 KiB with fsync a second, one after the other`,
    `versions  Node ${process.versions.node}, fastify ${version('fastify')},` +
      ` better-sqlite3 ${version('better-sqlite3')}`,
    `load      ${connections} keep-alive connections, ${warm} s warm-up and ${seconds} s measured a sample,` +
      ` ${rounds} rounds, targets in turn, each on an empty store`,
    'stores    SQLite, WAL, synchronous FULL, asserted by both services after opening',
  ].join('\n');
}

/** @param {string} name */
function version(name) {
  return require(`${name}/package.json`).version;
}

/** @param {string} folder */
function flushesPerSecond(folder) {
  const page = Buffer.alloc(4096, 1);
  const file = openSync(join(folder, 'fsync'), 'w');
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < 1000) {
    writeSync(file, page);
    fsyncSync(file);
    count += 1;
  }
  closeSync(file);
  return (count * 1000) / (performance.now() - began);
}
