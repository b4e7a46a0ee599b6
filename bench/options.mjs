// @ts-check
import { parseArgs } from 'node:util';
import { fail } from '../scripts/lib/process.mjs';

/**
 * @typedef {object} Options
 * @property {number} seconds measured for each sample
 * @property {number} warm seconds before them
 * @property {number} rounds
 * @property {number} connections
 * @property {number} quiet seconds to spend on a sample at most until it was taken on a quiet machine
 * @property {readonly ('recall' | 'send')[]} operations
 * @property {boolean} profile recalld alone, with where its time goes
 */

const usage = `npm run bench -- [options]
  --seconds N       measured for each sample (3)
  --warm N          seconds before them, not measured (1)
  --rounds N        every target once a round, in turn (3)
  --connections N   keep-alive connections, one request at a time on each (64)
  --only OPERATION  recall or send; both when left out
  --wait-quiet N    spend up to N seconds on a sample until other programs use less than 0.15 cores (0)
  --short           one round of one second: does it work?
  --profile         recalld alone, once: what its CPU time goes to`;

/** @returns {Options} */
export function readOptions() {
  const values = parse();
  if (values.help) stop(usage);
  const short = values.short || values.profile;
  return {
    seconds: amount('seconds', values.seconds ?? (values.short ? '1' : '3'), 0.1),
    warm: amount('warm', values.warm ?? (values.short ? '0.5' : '1'), 0),
    rounds: amount('rounds', values.rounds ?? (short ? '1' : '3'), 1),
    connections: amount('connections', values.connections ?? '64', 1),
    quiet: amount('wait-quiet', values['wait-quiet'] ?? '0', 0),
    operations: operations(values.only),
    profile: values.profile,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        seconds: { type: 'string' },
        warm: { type: 'string' },
        rounds: { type: 'string' },
        connections: { type: 'string' },
        only: { type: 'string' },
        'wait-quiet': { type: 'string' },
        short: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (fault) {
    return stop(`${fault instanceof Error ? fault.message : String(fault)}\n${usage}`);
  }
}

/**
 * @param {string | undefined} only
 * @returns {readonly ('recall' | 'send')[]}
 */
function operations(only) {
  if (only === undefined) return ['recall', 'send'];
  return only === 'recall' || only === 'send' ? [only] : stop(`--only takes recall or send\n${usage}`);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 */
function amount(name, text, least) {
  const value = Number(text);
  return value >= least ? value : stop(`--${name} takes a number from ${least}, not "${text}"\n${usage}`);
}

/**
 * @param {string} sentence
 * @returns {never}
 */
function stop(sentence) {
  fail(sentence);
  throw new Error('unreachable');
}
