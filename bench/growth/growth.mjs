// @ts-check
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { findPostgres } from '../../scripts/lib/postgresServer.mjs';
import { startChild } from '../child.mjs';
import { quietMachine } from '../quiet.mjs';
import { startRecalld } from '../recalld.mjs';
import { sqliteStore } from '../stores.mjs';
import { memoryArgs, memoryOf } from './memoryOf.mjs';
import { growthTables } from './report.mjs';

/** @typedef {import('../load/measure.mjs').Sample} Sample */

/**
 * @typedef {object} Size what was found at one size of the store
 * @property {number} messages
 * @property {number} added of them by the fill
 * @property {number} fillSeconds
 * @property {number} bytes of the database
 * @property {Record<Operation, Sample>} samples
 * @property {number} callbacksPerSecond
 * @property {NodeJS.MemoryUsage} memory of the server after all that traffic, its garbage collected
 */

/** @typedef {'send' | 'recall' | 'history' | 'list'} Operation */
/** @type {readonly Operation[]} */
const operations = ['send', 'recall', 'history', 'list'];

/** Recalled in each second at most. */
const recallsPerSecond = 15_000;

/**
 * @typedef {object} Place
 * @property {string} folder
 * @property {ReturnType<typeof import('../stores.mjs').postgresStores>} postgres
 * @property {import('../options.mjs').Options} options
 */

/**
 * Lets a store grow, and measures the same traffic at each size with a server that was started on it anew.
 *
 * @param {Place} place
 */
export async function measureGrowth({ folder, postgres, options }) {
  const engines = [
    options.engine ?? ['sqlite', ...(findPostgres() === undefined ? [] : ['postgres'])],
  ].flat();
  for (const engine of engines) {
    const store = engine === 'sqlite' ? sqliteStore(folder) : await postgres.make();
    const traffic = startChild('growth/traffic.mjs');
    /** @type {Size[]} */
    const sizes = [];
    try {
      for (const messages of options.sizes) {
        sizes.push(await measureSize({ store, traffic, messages, folder, options }));
        console.log(`${store.engine}, so far:\n${growthTables(store.engine, sizes)}\n`);
      }
    } finally {
      await traffic.stop();
      await store.remove();
    }
  }
}

/**
 * @param {object} wanted
 * @param {import('../stores.mjs').Store} wanted.store
 * @param {import('../child.mjs').Child} wanted.traffic
 * @param {number} wanted.messages
 * @param {string} wanted.folder
 * @param {import('../options.mjs').Options} wanted.options
 * @returns {Promise<Size>}
 */
async function measureSize({ store, traffic, messages, folder, options }) {
  const { warm: warmSeconds, seconds, connections, quiet } = options;
  const keep = (warmSeconds + seconds) * recallsPerSecond;
  const began = performance.now();
  const filler = await startRecalld({ store });
  const filled = await traffic.ask('fill', { target: filler.target, messages, keep });
  const fillSeconds = (performance.now() - began) / 1000;
  await filler.stop();
  const bytes = await store.bytes();

  const memoryFile = join(folder, 'memory.json');
  const server = await startRecalld({
    store,
    rule: 'sent',
    nodeArgs: memoryArgs,
    env: { BENCH_MEMORY_FILE: memoryFile },
  });
  try {
    const pids = { serverPids: server.pids, helperPids: server.helperPids, databasePid: store.serverPid };
    const load = { target: server.target, connections, warmSeconds, seconds, ...pids };
    const samples = /** @type {Record<Operation, Sample>} */ ({});
    let callbacksPerSecond = 0;
    for (const operation of operations) {
      await quietMachine(performance.now() + quiet * 1000);
      const start = performance.now();
      samples[operation] = await traffic.ask('run', { ...load, operation });
      const { wrong, wrongAnswer } = samples[operation];
      if (wrong > 0) throw new Error(`${operation} at ${messages}: ${wrong} wrong answers: ${wrongAnswer}`);
      if (operation !== 'recall') continue;
      callbacksPerSecond = ((await server.delivered()).received * 1000) / (performance.now() - start);
      await server.allDelivered(await traffic.ask('recalled'));
    }
    const memory = await memoryOf(server.pids[0] ?? 0, memoryFile);
    return { ...filled, fillSeconds, bytes, samples, callbacksPerSecond, memory };
  } finally {
    await server.removeRule();
    await server.stop();
  }
}
