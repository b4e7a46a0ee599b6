// @ts-check
import { parseArgs } from 'node:util';
import { fail } from '../scripts/lib/process.mjs';

/** @typedef {'recall' | 'send' | 'postgres' | 'growth' | 'connections'} Subject */

/**
 * @typedef {object} Options
 * @property {number} seconds measured for each sample
 * @property {number} warm seconds before them
 * @property {number} rounds
 * @property {number} connections
 * @property {number} quiet seconds to spend on a sample at most until it was taken on a quiet machine
 * @property {readonly Subject[]} subjects
 * @property {readonly number[]} sizes messages that a store has when growth is measured, growing
 * @property {number} idle devices that are connected and say nothing
 * @property {'sqlite' | 'postgres' | undefined} engine of growth; both when left out
 * @property {boolean} profile recalld alone, with where its time goes
 */

const usage = `npm run bench -- [options]
  --seconds N       measured for each sample (3)
  --warm N          seconds before them, not measured (1)
  --rounds N        every target once a round, in turn (3)
  --connections N   keep-alive connections, one request at a time on each (64)
  --only SUBJECT    recall or send; both when left out. postgres: both, PostgreSQL beside the embedded store.
                    growth: the same traffic at growing sizes of the store, and the memory that it takes
                    connections: idle devices, the memory of each, and messages by sockets beside REST
  --idle N          of connections, devices that say nothing (10000)
  --sizes N,N,…     of growth, messages (10000,100000,1000000,5000000)
  --engine ENGINE   of growth: sqlite or postgres; both when left out, as far as there is PostgreSQL
  --wait-quiet N    spend up to N seconds on a sample until other programs use less than 0.15 cores (0)
  --short           one round of one second: does it work?
  --quick           the same, and growth ends at ten thousand messages
  --profile         recalld alone, once: what its CPU time goes to`;

/** What is not said on the command line, in full and in brief. */
const inFull = { seconds: '3', warm: '1', idle: '10000' };
const inBrief = { seconds: '1', warm: '0.5', idle: '500' };

/** @returns {Options} */
export function readOptions() {
  const values = parse();
  if (values.help) stop(usage);
  const brief = values.short || values.quick;
  const short = brief || values.profile;
  const usual = brief ? inBrief : inFull;
  return {
    seconds: amount('seconds', values.seconds ?? usual.seconds, 0.1),
    warm: amount('warm', values.warm ?? usual.warm, 0),
    rounds: amount('rounds', values.rounds ?? (short ? '1' : '3'), 1),
    connections: amount('connections', values.connections ?? '64', 1),
    quiet: amount('wait-quiet', values['wait-quiet'] ?? '0', 0),
    subjects: subjects(values.only),
    sizes: sizes(values.sizes ?? (values.quick ? '1000,10000' : '10000,100000,1000000,5000000')),
    engine: engine(values.engine),
    idle: amount('idle', values.idle ?? usual.idle, 1),
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
        sizes: { type: 'string' },
        engine: { type: 'string' },
        idle: { type: 'string' },
        'wait-quiet': { type: 'string' },
        short: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
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
 * @returns {readonly Subject[]}
 */
function subjects(only) {
  if (only === undefined) return ['recall', 'send'];
  const found = /** @type {const} */ (['recall', 'send', 'postgres', 'growth', 'connections']).filter(
    (name) => name === only,
  );
  return found.length > 0
    ? found
    : stop(`--only takes recall, send, postgres, growth or connections\n${usage}`);
}

/** @param {string | undefined} name */
function engine(name) {
  if (name === undefined || name === 'sqlite' || name === 'postgres') return name;
  return stop('--engine takes sqlite or postgres');
}

/** @param {string} text */
function sizes(text) {
  const numbers = text.split(',').map((size) => amount('sizes', size, 1));
  if (numbers.every((size, n) => size > (numbers[n - 1] ?? 0))) return numbers;
  return stop('--sizes takes numbers that grow');
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
