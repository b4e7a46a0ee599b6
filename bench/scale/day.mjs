// @ts-check
import { count, table } from '../report/tables.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */

const daySeconds = 86_400;
const hours = 24;

/** @param {number} value */
const tenth = (value) => value.toFixed(1);

/** What a day comes to, by calculation alone. @param {Figures} figures */
export function dayNeeds(figures) {
  const messages = figures['messages-per-day'];
  const recalls = messages * figures['recall-share'];
  const deliveries = recalls * figures['deliveries-per-recall'];
  const wal = messages * figures['message-wal-bytes'] + recalls * figures['recall-wal-bytes'];
  const mean = messages / daySeconds;
  const keys = messages * figures['key-bytes'];
  const rewritings = daySeconds / figures['rewrite-seconds'];
  return table([
    ['a day', 'all', 'each of the databases'],
    ...[
      ['messages', messages, count],
      ['recalls', recalls, count],
      ['deliveries', deliveries, count],
      ['messages/s, mean', mean, count],
      ['messages/s, busiest', mean * figures['peak-factor'], count],
      ['tables and indexes, GB', (messages * figures['message-bytes']) / 1e9, count],
      ['write-ahead log, GB', wal / 1e9, count],
      ['write-ahead log, MB/s, busiest', ((wal / daySeconds) * figures['peak-factor']) / 1e6, count],
      ['keys of a full day, GB', keys / 1e9, tenth],
      ['keys of a full day, s to rewrite them all', (messages * figures['rewrite-us']) / 1e6, tenth],
      ['keys of today, GB rewritten if nothing waited', (rewritings * keys) / 2 / 1e9, count],
    ].map((row) => {
      const [name, value, form] = /** @type {[string, number, (value: number) => string]} */ (row);
      return [name, form(value), form(value / figures.databases)];
    }),
  ]);
}

/**
 * Commands a second of each hour: one hill a day, whose top is the peak factor.
 *
 * @param {Figures} figures
 */
export function dayCurve(figures) {
  const shape = steepness(figures['peak-factor']);
  const commands = (figures['messages-per-day'] * (1 + figures['recall-share'])) / daySeconds;
  return Array.from({ length: hours }, (_, hour) => commands * figures['peak-factor'] * hill(hour, shape));
}

/** The night's share of the top. */
const floor = 0.05;

/** 1 at 20 o'clock. @param {number} hour @param {number} shape */
function hill(hour, shape) {
  return floor + (1 - floor) * ((1 + Math.cos(((hour - 20) * 2 * Math.PI) / hours)) / 2) ** shape;
}

/** The shape whose mean is the peak factor's share of the top. @param {number} peakFactor */
function steepness(peakFactor) {
  let [low, high] = [0, 64];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (let hour = 0; hour < hours; hour += 1) sum += hill(hour, middle);
    if (sum / hours > 1 / peakFactor) low = middle;
    else high = middle;
  }
  return low;
}
