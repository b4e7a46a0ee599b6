// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/project.mjs';

const shown = 40;

/**
 * @typedef {object} CpuProfile as Node writes it
 * @property {number} startTime microseconds of the monotonic clock
 * @property {{ id: number, callFrame: { functionName: string, url: string, lineNumber: number } }[]} nodes
 * @property {number[]} samples ids of nodes
 * @property {number[]} timeDeltas microseconds before each sample
 */

/**
 * The functions that the server's main thread spent the measured time in themselves, the most
 * expensive first.
 *
 * @param {string} dir holds the profiles that Node wrote, one for each thread
 * @param {readonly [number, number]} [window]
 */
export function topOfProfile(dir, window) {
  const profiles = readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => /** @type {CpuProfile} */ (JSON.parse(readFileSync(join(dir, name), 'utf8'))))
    .sort((a, b) => b.nodes.length - a.nodes.length);
  const [main] = profiles;
  return main === undefined || window === undefined ? 'there is no profile' : top(main, window);
}

/**
 * @param {CpuProfile} profile
 * @param {readonly [number, number]} window
 */
function top({ startTime, nodes, samples, timeDeltas }, [from, to]) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  /** @type {Map<string, number>} */
  const times = new Map();
  let at = startTime;
  samples.forEach((id, index) => {
    const took = timeDeltas[index] ?? 0;
    at += took;
    const frame = frames.get(id);
    if (at < from || at > to || frame === undefined) return;
    const name = `${frame.functionName || '(anonymous)'} ${place(frame)}`;
    times.set(name, (times.get(name) ?? 0) + took);
  });
  const total = to - from;
  const lines = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
  return [`where ${(total / 1e6).toFixed(2)} s of the main thread went:`, ...lines].join('\n');
}

/** @param {{ url: string, lineNumber: number }} frame */
function place({ url, lineNumber }) {
  if (url === '') return '';
  const path = url
    .replace('file://', '')
    .replace(root, '')
    .replace(/^.*node_modules\//, '');
  return `${path}:${lineNumber + 1}`;
}
