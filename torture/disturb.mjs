// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A broker that dies and comes back, one that stops answering for a while, and one that forgot everything.
 *
 * @param {import('./books.mjs').Broker} broker
 * @param {number} turn which of the three
 */
export async function disturb(broker, turn) {
  switch (turn % 3) {
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
