// @ts-check
// Devices of the benchmark, a process of their own: idle ones, and some that talk.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCalls } from '../child.mjs';
import { logIn } from './device.mjs';

/** @typedef {import('./device.mjs').Account} Account */
/** @typedef {import('./device.mjs').Server} Server */

const loginsAtOnce = 50;
const text = 'see you at the usual place';

/** @type {import('./device.mjs').Device[]} */
let devices = [];
/** @type {readonly Account[]} */
let known = [];

answerCalls({
  /** Logs in. @param {{ server: Server, accounts: readonly Account[] }} call */
  async open({ server, accounts }) {
    known = accounts;
    for (let from = 0; from < accounts.length; from += loginsAtOnce) {
      const some = accounts.slice(from, from + loginsAtOnce);
      devices.push(...(await Promise.all(some.map((account) => logIn(server, account)))));
    }
  },

  /** Throws when one of them is connected no more. */
  check() {
    for (const device of devices) device.check();
  },

  close() {
    for (const device of devices) device.close();
    devices = [];
  },

  /**
   * One message after the other from the first device to the second, so many times.
   *
   * @param {{ times: number }} call
   * @returns {Promise<number[]>} ms from the sending to the arrival, each
   */
  async latencies({ times }) {
    const [{ device: sender }, { device: receiver, user }] = [place(0), place(1)];
    const found = [];
    for (let n = 0; n < times; n += 1) {
      const arrived = new Promise((resolve) => (receiver.onArrived = () => resolve(undefined)));
      const began = performance.now();
      await Promise.all([sender.send(user, text), arrived]);
      found.push(performance.now() - began);
    }
    return found;
  },

  /**
   * Each device of an even place sends to the next one, one message after the other.
   *
   * @param {{ warmSeconds: number, seconds: number }} call
   * @returns {Promise<{ acknowledged: number, arrived: number }>} a second
   */
  async talk({ warmSeconds, seconds }) {
    let acknowledged = 0;
    let isOver = false;
    const talking = devices.map(async (sender, index) => {
      if (index % 2 === 1) return;
      const { user } = place(index + 1);
      for (; !isOver; acknowledged += 1) await sender.send(user, text);
    });
    await sleep(warmSeconds * 1_000);
    const before = { acknowledged, arrived: arrivedInAll() };
    const began = performance.now();
    await sleep(seconds * 1_000);
    const took = (performance.now() - began) / 1_000;
    const after = { acknowledged, arrived: arrivedInAll() };
    isOver = true;
    await Promise.all(talking);
    return {
      acknowledged: (after.acknowledged - before.acknowledged) / took,
      arrived: (after.arrived - before.arrived) / took,
    };
  },
});

/** @param {number} index */
function place(index) {
  const [device, account] = [devices[index], known[index]];
  if (device === undefined || account === undefined) throw new Error(`there are ${devices.length} devices`);
  return { device, user: account.user };
}

function arrivedInAll() {
  return devices.reduce((sum, { arrived }) => sum + arrived, 0);
}
