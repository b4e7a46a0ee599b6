// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('./place.mjs').Api} Api */

/**
 * Sends and recalls at a steady rate on whichever server is up, and keeps what was acknowledged: that
 * is what the server owes. A call that was cut off counts for nothing.
 *
 * @param {{ perSecond: number }} options
 */
export function startTraffic({ perSecond }) {
  /** The receiving user of each acknowledged recall, by message id. */
  const acknowledged = /** @type {Map<string, string>} */ (new Map());
  /** @type {Api | undefined} */
  let api;
  let last = 0;
  let cutOff = 0;
  let ended = false;
  const underway = new Set();

  async function one() {
    last += 1;
    // A receiver of its own for each message: formats that show no message id are told apart by it.
    const to = `to-${last}`;
    try {
      const recalled = await api?.sendAndRecall(`from-${last % 16}`, to);
      if (recalled !== undefined) acknowledged.set(recalled.msgId, to);
    } catch {
      cutOff += 1;
    }
  }

  async function run() {
    while (!ended) {
      if (api !== undefined) {
        const call = one().finally(() => underway.delete(call));
        underway.add(call);
      }
      await sleep((1_000 / perSecond) * (0.5 + Math.random()));
    }
    await Promise.all(underway);
  }
  const running = run();

  return {
    acknowledged,
    cutOff: () => cutOff,
    /** @param {Api | undefined} next the server to use from now on; undefined while there is none */
    use(next) {
      api = next;
    },
    async stop() {
      ended = true;
      await running;
    },
  };
}
