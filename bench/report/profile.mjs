// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/project.mjs';

const shown = 25;

/**
 * The functions that a CPU profile spent its time in themselves, the most expensive first.
 *
 * @param {string} dir holds the profiles that Node wrote
 */
export function topOfProfile(dir) {
  const files = readdirSync(dir).filter((name) => name.endsWith('.cpuprofile'));
  return files.map((name) => top(JSON.parse(readFileSync(join(dir, name), 'utf8')))).join('\n\n');
}

/**
 * @param {{ nodes: { id: number, callFrame: { functionName: string, url: string, lineNumber: number } }[],
 *   samples: number[], timeDeltas: number[] }} profile
 */
function top({ nodes, samples, timeDeltas }) {
  /** @type {Map<number, number>} */
  const byNode = new Map();
  samples.forEach((id, index) => byNode.set(id, (byNode.get(id) ?? 0) + (timeDeltas[index] ?? 0)));
  /** @type {Map<string, number>} */
  const byFunction = new Map();
  for (const { id, callFrame } of nodes) {
    const name = `${callFrame.functionName || '(anonymous)'} ${place(callFrame)}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + (byNode.get(id) ?? 0));
  }
  byFunction.delete('(idle) ');
  const total = [...byFunction.values()].reduce((sum, time) => sum + time, 0);
  const lines = [...byFunction]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
  return [`self time of ${(total / 1e6).toFixed(2)} s busy:`, ...lines].join('\n');
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
