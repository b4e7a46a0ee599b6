// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer } from '../scripts/lib/natsServer.mjs';
import { addRules, closeBooks, judgeCopies } from './books.mjs';
import { disturb } from './disturb.mjs';
import { openCopy } from './eventCopy.mjs';
import { connect, openPlace } from './place.mjs';
import { startRudeReceiver } from './rudeReceiver.mjs';
import { startTraffic } from './traffic.mjs';
import { verdict } from './verdict.mjs';

/** @typedef {Awaited<ReturnType<typeof startRudeReceiver>>} Receiver */
/** @typedef {import('./verdict.mjs').Verdict} Verdict */

/** The longest life of a server between two kills, ms. */
const lifeMsMax = 2_000;

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
      const disturbed = kill % 2 === 0 ? disturb(broker, kill / 2) : Promise.resolve();
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
    const callbacks = await closeBooks('storm', { traffic, receiver, api });
    const copies = await judgeCopies('storm', broker, copy, traffic.owed, place.env);
    const code = await server.stop();
    const killed = `${options.kills} times, ${traffic.cutOff()} calls cut off`;
    return [
      verdict('storm', 'the server was killed under traffic', killed, undefined),
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
