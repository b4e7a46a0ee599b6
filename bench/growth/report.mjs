// @ts-check
import { count, table } from '../report/tables.mjs';

/** @typedef {import('./growth.mjs').Size} Size */

/** How much more memory the largest store may take than the smallest: what noise is. */
const heapGrowthMax = 1.1;

/**
 * @param {string} engine
 * @param {readonly Size[]} sizes
 */
export function growthTables(engine, sizes) {
  const memory = table([
    [engine, 'heap MB', 'outside the heap MB', 'RSS MB', 'database MB', 'bytes a message', 'fill/s'],
    ...sizes.map(({ messages, added, memory: { heapUsed, external, rss }, bytes, fillSeconds }) => [
      count(messages),
      megabytes(heapUsed),
      megabytes(external),
      megabytes(rss),
      megabytes(bytes),
      count(bytes / messages),
      count(added / fillSeconds),
    ]),
  ]);
  const traffic = table([
    [
      engine,
      ...['sends', 'recalls', 'histories', 'lists'].map((name) => `${name}/s (p99 ms)`),
      'callbacks/s',
      'other cores',
    ],
    ...sizes.map(({ messages, samples, callbacksPerSecond }) => [
      count(messages),
      ...Object.values(samples).map(({ perSecond, p99 }) => `${count(perSecond)} (${p99.toFixed(1)})`),
      count(callbacksPerSecond),
      Math.max(...Object.values(samples).map(({ otherCpu }) => otherCpu)).toFixed(2),
    ]),
  ]);
  return [memory, traffic, verdict(sizes)].join('\n\n');
}

/** @param {readonly Size[]} sizes */
function verdict(sizes) {
  const heaps = sizes.map(({ memory }) => memory.heapUsed);
  const ratio = (heaps.at(-1) ?? 0) / (heaps[0] ?? 1);
  const flat = ratio <= heapGrowthMax ? 'pass' : 'FAIL';
  return `heap of the largest against the smallest: ${ratio.toFixed(2)}, target <= ${heapGrowthMax}: ${flat}`;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
