// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('./place.mjs').Api} Api */

/**
 * What the server owes once it has acknowledged something: to the receiver of which rule, about what.
 *
 * @typedef {{ receiver: 'easemob' | 'tencent' | 'native' | 'ordered', about: string }} Owed
 */

/** How long one ordered recall waits after the one before, ms. */
const orderedMs = 1_000;

/**
 * Recalls, some of them of files, deletions of conversations and changes of the policy at a steady
 * rate on whichever server is up, beside one conversation that recalls one message after the other.
 * Keeps what was acknowledged: that is what the server owes. A call that was cut off counts for nothing.
 *
 * @param {{ perSecond: number }} options
 */
export function startTraffic({ perSecond }) {
  const owed = /** @type {Owed[]} */ ([]);
  const recalled = /** @type {string[]} */ ([]);
  /** The ordered conversation's messages, in the order in which they were recalled. */
  const inOrder = /** @type {string[]} */ ([]);
  /** @type {Api | undefined} */
  let api;
  let last = 0;
  let cutOff = 0;
  let ended = false;
  const underway = new Set();

  /** @param {string} msgId @param {string} [to] when no other recall has this receiver */
  function oweRecall(msgId, to) {
    recalled.push(msgId);
    owed.push({ receiver: 'easemob', about: msgId });
    owed.push({ receiver: 'native', about: `message.recalled ${msgId}` });
    // That format shows no message id: a receiving user of its own tells the callback.
    if (to !== undefined) owed.push({ receiver: 'tencent', about: to });
  }

  /** @param {Api} server */
  async function one(server) {
    last += 1;
    const [from, to] = [`from-${last % 16}`, `to-${last}`];
    switch (last % 10) {
      case 3: {
        if (await server.sendAndDelete(from, to)) owe('native', `conversation.deleted ${to}`);
        return;
      }
      case 5: {
        const { uuid, url } = await server.upload();
        const answer = await server.sendAndRecall(from, to, { type: 'img', body: { filename: 'x', url } });
        if (answer === undefined) return;
        oweRecall(answer.msgId, to);
        owe('native', `attachment.purged ${uuid}`);
        return;
      }
      case 7: {
        const seconds = 1_000 + last;
        if (await server.changeWindow(seconds)) owe('native', `recall_policy.changed ${seconds}`);
        return;
      }
      default: {
        const answer = await server.sendAndRecall(from, to);
        if (answer !== undefined) oweRecall(answer.msgId, to);
      }
    }
  }

  /** @param {Owed['receiver']} receiver @param {string} about */
  function owe(receiver, about) {
    owed.push({ receiver, about });
  }

  /** @param {(server: Api) => Promise<void>} act */
  async function attempt(act) {
    if (api === undefined) return;
    try {
      await act(api);
    } catch {
      cutOff += 1;
    }
  }

  async function runMixed() {
    while (!ended) {
      const call = attempt(one).finally(() => underway.delete(call));
      underway.add(call);
      await sleep((1_000 / perSecond) * (0.5 + Math.random()));
    }
    await Promise.all(underway);
  }

  async function runOrdered() {
    while (!ended) {
      await attempt(async (server) => {
        const answer = await server.sendAndRecall('anna', 'ben');
        if (answer === undefined) return;
        inOrder.push(answer.msgId);
        oweRecall(answer.msgId);
        owe('ordered', `message.recalled ${answer.msgId}`);
      });
      await sleep(orderedMs);
    }
  }
  const running = Promise.all([runMixed(), runOrdered()]);

  return {
    owed,
    recalled,
    inOrder,
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
