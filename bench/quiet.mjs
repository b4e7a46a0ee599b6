// @ts-check
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyCpu } from './load/cpu.mjs';

/** Cores that other programs may use on a quiet machine. */
export const quietCores = 0.15;
const lookSeconds = 1;

/**
 * Waits until the machine is quiet for a second, while the benchmark itself is idle.
 *
 * @param {number} deadline of the performance clock, after which it does not wait any more
 */
export async function quietMachine(deadline) {
  while (performance.now() < deadline) {
    const before = busyCpu();
    await sleep(lookSeconds * 1000);
    if ((busyCpu() - before) / lookSeconds < quietCores) return;
  }
}
