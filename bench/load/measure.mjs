// @ts-check
import { performance } from 'node:perf_hooks';
import { busyCpu, cpuOf, cpuOfTree } from './cpu.mjs';

/**
 * @typedef {object} Sample
 * @property {number} perSecond right answers a second
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} seconds measured; shorter when the messages ran out
 * @property {number} wrong answers that were not what was asked for, warm-up included
 * @property {string | undefined} wrongAnswer the first of them
 * @property {number} serverCpu cores that the server used; all of its nodes together
 * @property {number} databaseCpu cores that the database's server used; 0 when there is none
 * @property {number} generatorCpu cores that the load generator used
 * @property {readonly [number, number]} window from when to when it was measured, microseconds of the monotonic clock
 * @property {number} otherCpu cores that were busy with neither of them nor the receiver
 */

/**
 * @typedef {object} Load
 * @property {readonly import('./connection.mjs').Connection[]} connections
 * @property {() => string | undefined} next the next request; undefined when there is none left
 * @property {(answer: import('./connection.mjs').Answer) => boolean} isRight
 * @property {number} warmSeconds
 * @property {number} seconds
 * @property {readonly number[]} serverPids
 * @property {number} [databasePid] of a server with processes of its own
 * @property {readonly number[]} helperPids processes that belong to the benchmark
 */

const latenciesMax = 4_000_000;

/**
 * Keeps every connection busy with one request after the other, first unmeasured, then measured.
 *
 * @param {Load} load
 * @returns {Promise<Sample>}
 */
export async function measure(load) {
  const latencies = new Float64Array(latenciesMax);
  const state = { measuring: false, stopped: false, count: 0, wrong: 0, wrongAnswer: '', end: 0 };

  /** @param {import('./connection.mjs').Connection} connection */
  const keepBusy = (connection) =>
    new Promise((resolve) => {
      const turn = () => {
        const request = state.stopped ? undefined : load.next();
        if (request === undefined) {
          resolve(undefined);
          return;
        }
        const began = performance.now();
        connection.send(
          request,
          (answer) => {
            const ended = performance.now();
            if (!load.isRight(answer)) {
              state.wrong += 1;
              state.wrongAnswer ||= answer.text;
            } else if (state.measuring) {
              latencies[state.count++] = ended - began;
              state.end = ended;
            }
            turn();
          },
          (fault) => {
            state.wrong += 1;
            state.wrongAnswer ||= fault.message;
            resolve(undefined);
          },
        );
      };
      turn();
    });

  const busy = Promise.all(load.connections.map(keepBusy));
  await Promise.race([sleep(load.warmSeconds), busy]);
  const before = readCpu(load);
  const began = performance.now();
  const from = monotonicUs();
  state.measuring = true;
  await Promise.race([sleep(load.seconds), busy]);
  state.measuring = false;
  const to = monotonicUs();
  const after = readCpu(load);
  state.stopped = true;
  await busy;

  const seconds = (Math.max(state.end, began + 1) - began) / 1000;
  const sorted = latencies.subarray(0, state.count).sort();
  return {
    perSecond: state.count / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    seconds,
    wrong: state.wrong,
    wrongAnswer: state.wrongAnswer === '' ? undefined : state.wrongAnswer,
    window: [from, to],
    serverCpu: (after.server - before.server) / seconds,
    databaseCpu: (after.database - before.database) / seconds,
    generatorCpu: (after.generator - before.generator) / seconds,
    otherCpu: Math.max(0, after.other - before.other) / seconds,
  };
}

/** @param {Load} load */
function readCpu({ serverPids, helperPids, databasePid }) {
  const { user, system } = process.cpuUsage();
  const generator = (user + system) / 1e6;
  const server = sum(serverPids);
  const database = databasePid === undefined ? 0 : cpuOfTree(databasePid);
  const helpers = sum(helperPids);
  return { generator, server, database, other: busyCpu() - generator - server - database - helpers };
}

/** @param {readonly number[]} pids */
function sum(pids) {
  return pids.reduce((seconds, pid) => seconds + cpuOf(pid), 0);
}

/** The clock of CPU profiles. */
function monotonicUs() {
  return Number(process.hrtime.bigint() / 1000n);
}

/** @param {number} seconds */
function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/**
 * @param {Float64Array} sorted
 * @param {number} share
 */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
