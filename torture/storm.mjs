// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer } from '../scripts/lib/natsServer.mjs';
import { redriveAll } from './redrive.mjs';
import { openCopy } from './eventCopy.mjs';
import { connect, openPlace } from './place.mjs';
import { dialectOf, startRudeReceiver } from './rudeReceiver.mjs';
import { secrets } from './signatures.mjs';
import { startTraffic } from './traffic.mjs';
import { verdict } from './verdict.mjs';

/** @typedef {Awaited<ReturnType<typeof startNatsServer>>} Broker */
/** @typedef {Awaited<ReturnType<typeof startRudeReceiver>>} Receiver */
/** @typedef {ReturnType<typeof startTraffic>} Traffic */
/** @typedef {import('./traffic.mjs').Owed['receiver']} Path */
/** @typedef {import('./verdict.mjs').Verdict} Verdict */

const paths = /** @type {readonly Path[]} */ (['easemob', 'tencent', 'native', 'ordered']);
/** The longest life of a server between two kills, ms. */
const lifeMsMax = 2_000;
const drainMs = 240_000;

/**
 * Traffic over a server that is killed again and again, to a receiver that fails, hangs and lies,
 * beside a broker that is killed, paused and wiped. Afterwards the books are compared.
 *
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<readonly Verdict[]>}
 */
export async function storm(options) {
  const broker = await startNatsServer();
  const receiver = await startRudeReceiver();
  const place = await openPlace({ RECALLD_NATS_URL: broker.url });
  const copy = await openCopy(broker.url);
  const traffic = startTraffic(options);
  try {
    for (let kill = 1; kill <= options.kills; kill += 1) {
      const server = await place.start();
      const api = await connect(server.url);
      if (kill === 1) await addRules(api, receiver);
      traffic.use(api);
      const disturbed = kill % 2 === 0 ? disturb(broker, kill) : Promise.resolve();
      await sleep(100 + Math.random() * lifeMsMax);
      await server.kill();
      traffic.use(undefined);
      await disturbed;
      progress(kill, options, traffic.owed.length, receiver);
    }
    const server = await place.start();
    const api = await connect(server.url);
    traffic.use(api);
    await sleep(500);
    await traffic.stop();
    const delivered = await until(() => undelivered(traffic, receiver) === 0);
    await until(async () => (await api.count('pending')) === 0);
    const callbacks = [
      ...judgeCallbacks(options, traffic, receiver, delivered),
      verdict(
        'storm',
        'no delivery is pending or dead at the end',
        `${await api.count('pending')} and ${await api.count('dead')}`,
        (await api.count('pending')) + (await api.count('dead')) === 0,
      ),
    ];
    const copies = await judgeCopies(broker, copy, traffic.owed, place.env);
    const code = await server.stop();
    return [
      ...callbacks,
      ...copies,
      verdict('storm', 'the server ends with 0 when asked to', `${code}`, code === 0),
    ];
  } finally {
    await copy.close();
    await receiver.close();
    await broker.stop();
    await place.remove();
  }
}

/** @param {import('./place.mjs').Api} api @param {Receiver} receiver */
async function addRules(api, receiver) {
  for (const path of paths) {
    const dialect = dialectOf(path);
    const rule = { name: path, url: receiver.url(path), dialect, secret: secrets[dialect] };
    await api.addRule({ ...rule, ordered: path === 'ordered' });
  }
}

/**
 * A broker that dies and comes back, one that stops answering for a while, and one that forgot everything.
 *
 * @param {Broker} broker @param {number} kill
 */
async function disturb(broker, kill) {
  switch ((kill / 2) % 3) {
    case 0:
      await broker.pause();
      await sleep(500 + Math.random() * 3_000);
      await broker.resume();
      return;
    case 1:
      await broker.kill();
      await broker.wipe();
      break;
    case 2:
      await broker.kill();
      break;
  }
  await sleep(Math.random() * 1_000);
  await broker.start();
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
 * @param {import('./options.mjs').Options} options
 * @param {Traffic} traffic
 * @param {Receiver} receiver
 * @param {boolean} delivered
 */
function judgeCallbacks({ kills }, traffic, receiver, delivered) {
  const { owed, recalled, inOrder } = traffic;
  const { requests, rude, unsigned } = receiver.counts;
  const told = paths.flatMap((path) => [...receiver.told[path].values()]);
  const seconds = told.filter(({ ids }) => ids.size > 1).length;
  const share = `${rude} of ${requests} attempts (${Math.round((100 * rude) / requests)} %)`;
  const missing = undelivered(traffic, receiver);
  const disorder = outOfOrder(traffic, receiver);
  return [
    verdict(
      'storm',
      'the server was killed under traffic',
      `${kills} times, ${traffic.cutOff()} calls cut off`,
      undefined,
    ),
    verdict(
      'storm',
      'the receiver failed, hung or lied in a fifth of the attempts at least',
      share,
      rude / requests > 0.2,
    ),
    verdict(
      'storm',
      'every callback of what was acknowledged was delivered',
      `${recalled.length} recalls, ${owed.length} callbacks, ${missing} missing`,
      delivered,
    ),
    verdict('storm', 'no callback came under a second id', `${seconds} did`, seconds === 0),
    verdict('storm', 'every attempt was signed', `${unsigned} were not`, unsigned === 0),
    verdict(
      'storm',
      'the ordered conversation came in order',
      `${inOrder.length} recalls, ${disorder} too early`,
      disorder === 0,
    ),
  ];
}

/**
 * The copies on the broker: after all of this, once more after a last wipe, and published again on demand.
 *
 * @param {Broker} broker
 * @param {Awaited<ReturnType<typeof openCopy>>} copy
 * @param {Traffic['owed']} owed
 * @param {Record<string, string>} env
 */
async function judgeCopies(broker, copy, owed, env) {
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
    verdict('storm', 'the broker has every event and callback, whatever happened to it', count, survived),
    verdict('storm', 'a wiped broker is filled again from the log', count, refilled),
    verdict('storm', 'the whole log is published again on demand', redriven.text, redriven.ok),
    verdict(
      'storm',
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

/**
 * @param {number} kill
 * @param {import('./options.mjs').Options} options
 * @param {number} owed
 * @param {Receiver} receiver
 */
function progress(kill, options, owed, receiver) {
  if (kill % 5 !== 0 && kill !== options.kills) return;
  console.log(`  ${kill} kills, ${owed} callbacks owed, ${receiver.counts.requests} attempts heard`);
}
