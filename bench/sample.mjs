// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { topOfProfile } from './report/profile.mjs';
import { quietCores, quietMachine } from './quiet.mjs';

/** @typedef {import('./load/measure.mjs').Sample & { deliveredPerSecond: number }} Result */

/**
 * @typedef {object} Wanted
 * @property {import('./targets.mjs').Row} row
 * @property {'recall' | 'send'} operation
 * @property {string} folder
 * @property {import('./targets.mjs').Place['postgres']} postgres
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
async function takeSample({ row, operation, folder, postgres, generator, options }) {
  const { warm: warmSeconds, seconds, connections, profile } = options;
  const dir = mkdtempSync(join(folder, 'profile-'));
  const nodeArgs = profile ? ['--cpu-prof', `--cpu-prof-dir=${dir}`] : [];
  const running = await row.start({ folder, postgres, nodeArgs });
  const { target, pids: serverPids, helperPids, databasePid } = running;
  /** @type {readonly [number, number] | undefined} */
  let window;
  try {
    const recalls = operation === 'recall' ? (warmSeconds + seconds) * row.recallsPerSecond : 0;
    await generator.ask('preload', { target, recalls });
    const began = performance.now();
    const pids = { serverPids, helperPids, databasePid };
    const run = { target, connections, operation, warmSeconds, seconds, ...pids };
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
