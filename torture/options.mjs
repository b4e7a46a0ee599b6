// @ts-check
import { parseArgs } from 'node:util';
import { fail } from '../scripts/lib/process.mjs';

/** @typedef {'storm' | 'nodes' | 'neighbours' | 'addresses' | 'devices'} ScenarioName */

/**
 * @typedef {object} Options
 * @property {readonly ScenarioName[]} scenarios
 * @property {number} kills of the server, in the storm
 * @property {number} perSecond recalls, in the storm and over several nodes
 * @property {number} nodesSeconds how long several nodes are harassed
 * @property {number} deviceMessages that each connected device says
 * @property {number} rounds with and without a hanging neighbour
 * @property {number} roundSeconds
 * @property {boolean} judgeLatency whether the neighbours' latency decides: a busy machine cannot tell
 */

/** @type {readonly ScenarioName[]} */
const names = ['storm', 'nodes', 'neighbours', 'addresses', 'devices'];

const usage = `npm run torture -- [options]
  --kills N          times that the server is killed under traffic (50)
  --rate N           recalls a second meanwhile, and over several nodes (30)
  --seconds N        how long several nodes and their servers are harassed (180)
  --messages N       of each device that talks while it is cut off (500)
  --rounds N         rounds with and without a hanging neighbour (10)
  --only SCENARIO    ${names.join(', ')}; all when left out
  --small            a few kills and rounds, latency shown but not judged: does it hold?`;

/** @returns {Options} */
export function readOptions() {
  const values = parse();
  if (values.help) fail(usage);
  const { small } = values;
  return {
    scenarios: scenarios(values.only, small),
    kills: amount('kills', values.kills ?? (small ? '4' : '50')),
    perSecond: amount('rate', values.rate ?? '30'),
    nodesSeconds: amount('seconds', values.seconds ?? (small ? '20' : '180')),
    deviceMessages: amount('messages', values.messages ?? '500'),
    rounds: amount('rounds', values.rounds ?? (small ? '1' : '10')),
    roundSeconds: small ? 1 : 4,
    judgeLatency: !small,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        kills: { type: 'string' },
        rate: { type: 'string' },
        seconds: { type: 'string' },
        messages: { type: 'string' },
        rounds: { type: 'string' },
        only: { type: 'string' },
        small: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (fault) {
    return fail(`${fault instanceof Error ? fault.message : String(fault)}\n${usage}`);
  }
}

/** @param {string | undefined} only @param {boolean} small */
function scenarios(only, small) {
  // The tests have a short form of the devices' own.
  if (only === undefined) return names.filter((name) => !small || name !== 'devices');
  const found = names.filter((name) => name === only);
  return found.length > 0 ? found : fail(`--only takes one of ${names.join(', ')}\n${usage}`);
}

/**
 * @param {string} name
 * @param {string} text
 */
function amount(name, text) {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1
    ? value
    : fail(`--${name} takes a whole number from 1\n${usage}`);
}
