// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { busyCpu } from './load/cpu.mjs';

/** Cores in use that still count as quiet. */
const quietCores = 0.15;
const lookSeconds = 1;

/**
 * Waits until the machine is quiet for a second, while the target and the load generator are idle.
 *
 * @param {number} secondsMax after which the measure starts nevertheless
 */
export async function quietMachine(secondsMax) {
  const deadline = Date.now() + secondsMax * 1000;
  while (Date.now() < deadline) {
    const before = busyCpu();
    await sleep(lookSeconds * 1000);
    if ((busyCpu() - before) / lookSeconds < quietCores) return;
  }
}
