// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { topOfProfile } from './report/profile.mjs';
import { quietCores, quietMachine } from './quiet.mjs';

/** @typedef {import('./load/measure.mjs').Sample & { deliveredPerSecond: number }} Result */

/** Messages to preload for each second of recalls: more than the service can take back. */
const recallsPerSecond = { recalld: 50_000, 'hand-written': 12_000, bare: 80_000 };

/**
 * @typedef {object} Wanted
 * @property {import('./targets.mjs').Row} row
 * @property {'recall' | 'send'} operation
 * @property {string} folder
 * @property {import('./child.mjs').Child} generator
 * @property {import('./options.mjs').Options} options
 */

/**
 * Takes a sample again while other programs were busy meanwhile, as long as the options are patient.
 *
 * @param {Wanted} wanted
 * @returns {Promise<Result>}
 */
export async function takeQuietSample(wanted) {
  const deadline = performance.now() + wanted.options.quiet * 1000;
  for (;;) {
    await quietMachine(deadline);
    const result = await takeSample(wanted);
    if (result.otherCpu <= quietCores || performance.now() > deadline) return result;
    console.log(`  taken again: other programs used ${result.otherCpu.toFixed(2)} cores`);
  }
}

/**
 * One target on an empty store: started, filled, measured, its answers checked, stopped.
 *
 * @param {Wanted} wanted
 * @returns {Promise<Result>}
 * @throws when an answer was wrong, or a message was recalled twice or not at all
 */
async function takeSample({ row, operation, folder, generator, options }) {
  const { warm: warmSeconds, seconds, connections, profile } = options;
  const dir = mkdtempSync(join(folder, 'store-'));
  const running = await row.start(dir, profile ? ['--cpu-prof', `--cpu-prof-dir=${dir}`] : []);
  const { target, pid: serverPid, helperPids } = running;
  /** @type {readonly [number, number] | undefined} */
  let window;
  try {
    const recalls = operation === 'recall' ? (warmSeconds + seconds) * recallsPerSecond[row.service] : 0;
    await generator.ask('preload', { target, recalls });
    const began = performance.now();
    const run = { target, connections, operation, warmSeconds, seconds, serverPid, helperPids };
    const { sample, requests } = await generator.ask('run', run);
    window = sample.window;
    const deliveredPerSecond = (1000 * (await running.delivered())) / (performance.now() - began);
    await checkAnswers({ row, operation, running, generator, sample, requests });
    return { ...sample, deliveredPerSecond };
  } finally {
    await running.stop();
    if (profile) console.log(topOfProfile(dir, window));
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {any} taken */
async function checkAnswers({ row, operation, running, generator, sample, requests }) {
  if (sample.wrong > 0) throw new Error(`${row.label}: ${sample.wrong} wrong answers: ${sample.wrongAnswer}`);
  if (operation !== 'recall' || row.service === 'bare') return;
  const { ids, accepted } = await generator.ask('recallAgain', { target: running.target });
  if (accepted > 0)
    throw new Error(`${row.label}: ${accepted} of ${ids.length} messages were recalled twice`);
  await running.check({ requests, ids });
}
