// @ts-check
// What was acknowledged beside what was heard of it: the same books for every scenario with traffic.
import { setTimeout as sleep } from 'node:timers/promises';
import { redriveAll } from './redrive.mjs';
import { dialectOf } from './rudeReceiver.mjs';
import { secrets } from './signatures.mjs';
import { verdict } from './verdict.mjs';

/** @typedef {Awaited<ReturnType<typeof import('../scripts/lib/natsServer.mjs').startNatsServer>>} Broker */
/** @typedef {Awaited<ReturnType<typeof import('./rudeReceiver.mjs').startRudeReceiver>>} Receiver */
/** @typedef {ReturnType<typeof import('./traffic.mjs').startTraffic>} Traffic */
/** @typedef {import('./traffic.mjs').Owed['receiver']} Path */

const paths = /** @type {readonly Path[]} */ (['easemob', 'tencent', 'native', 'ordered']);
const drainMs = 240_000;

/**
 * One rule for each path of the receiver.
 *
 * @param {import('./place.mjs').Api} api @param {Receiver} receiver
 */
export async function addRules(api, receiver) {
  for (const path of paths) {
    const dialect = dialectOf(path);
    const rule = { name: path, url: receiver.url(path), dialect, secret: secrets[dialect] };
    await api.addRule({ ...rule, ordered: path === 'ordered' });
  }
}

/**
 * Waits until everything is told, for as long as that may take, and compares.
 *
 * @param {string} scenario
 * @param {{ traffic: Traffic, receiver: Receiver, api: import('./place.mjs').Api }} parts
 */
export async function closeBooks(scenario, { traffic, receiver, api }) {
  const delivered = await until(() => undelivered(traffic, receiver) === 0);
  await until(async () => (await api.count('pending')) === 0);
  const [pending, dead] = [await api.count('pending'), await api.count('dead')];
  return [
    ...judgeCallbacks(scenario, traffic, receiver, delivered),
    verdict(
      scenario,
      'no delivery is pending or dead at the end',
      `${pending} and ${dead}`,
      pending + dead === 0,
    ),
  ];
}

/** @param {Traffic} traffic @param {Receiver} receiver */
function undelivered({ owed }, { told }) {
  return owed.filter(
    ({ receiver, about }) => (told[receiver].get(about)?.firstTaken ?? Infinity) === Infinity,
  ).length;
}

/**
 * How many callbacks of the ordered conversation were heard before the one before them was taken.
 *
 * @param {Traffic} traffic @param {Receiver} receiver
 */
function outOfOrder({ inOrder }, { told }) {
  const ordered = inOrder.map((msgId) => told.ordered.get(`message.recalled ${msgId}`));
  return ordered.filter((each, index) => {
    const before = ordered[index - 1];
    return index > 0 && !((before?.firstTaken ?? Infinity) < (each?.firstHeard ?? 0));
  }).length;
}

/**
 * What the receiver heard, beside what was acknowledged.
 *
 * @param {string} scenario
 * @param {Traffic} traffic
 * @param {Receiver} receiver
 * @param {boolean} delivered
 */
function judgeCallbacks(scenario, traffic, receiver, delivered) {
  const { owed, recalled, inOrder } = traffic;
  const { requests, rude, unsigned } = receiver.counts;
  const told = paths.flatMap((path) => [...receiver.told[path].values()]);
  const seconds = told.filter(({ ids }) => ids.size > 1).length;
  const share = `${rude} of ${requests} attempts (${Math.round((100 * rude) / requests)} %)`;
  const missing = undelivered(traffic, receiver);
  const disorder = outOfOrder(traffic, receiver);
  return [
    verdict(
      scenario,
      'the receiver failed, hung or lied in a fifth of the attempts at least',
      share,
      rude / requests > 0.2,
    ),
    verdict(
      scenario,
      'every callback of what was acknowledged was delivered',
      `${recalled.length} recalls, ${owed.length} callbacks, ${missing} missing`,
      delivered,
    ),
    verdict(scenario, 'no callback came under a second id', `${seconds} did`, seconds === 0),
    verdict(scenario, 'every attempt was signed', `${unsigned} were not`, unsigned === 0),
    verdict(
      scenario,
      'the ordered conversation came in order',
      `${inOrder.length} recalls, ${disorder} too early`,
      disorder === 0,
    ),
  ];
}

/**
 * The copies on the broker: after all of this, once more after a last wipe, and published again on demand.
 *
 * @param {string} scenario
 * @param {Broker} broker
 * @param {Awaited<ReturnType<typeof import('./eventCopy.mjs').openCopy>>} copy
 * @param {Traffic['owed']} owed
 * @param {Record<string, string>} env
 */
export async function judgeCopies(scenario, broker, copy, owed, env) {
  const toldOf = owed.filter(({ receiver }) => receiver === 'native' || receiver === 'easemob');
  const isWhole = async () => {
    const { events, callbacks } = await copy.stored();
    return toldOf.every(({ receiver, about }) => (receiver === 'native' ? events : callbacks).has(about));
  };
  const survived = await until(isWhole);
  await broker.kill();
  await broker.wipe();
  await broker.start();
  const refilled = await until(isWhole);
  const redriven = await redriveAll(env);
  const { events, callbacks } = await copy.stored();
  const second = [...copy.heard(), ...events, ...callbacks].filter(([, ids]) => ids.size > 1);
  const count = `${toldOf.length} of what was acknowledged`;
  return [
    verdict(scenario, 'the broker has every event and callback, whatever happened to it', count, survived),
    verdict(scenario, 'a wiped broker is filled again from the log', count, refilled),
    verdict(scenario, 'the whole log is published again on demand', redriven.text, redriven.ok),
    verdict(
      scenario,
      'no event was published under a second id',
      `${second.length} were`,
      second.length === 0,
    ),
  ];
}

/**
 * @param {() => boolean | Promise<boolean>} holds
 * @returns {Promise<boolean>} whether it held in time
 */
async function until(holds) {
  const deadline = Date.now() + drainMs;
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > deadline) return false;
    await sleep(250);
  }
  return true;
}
