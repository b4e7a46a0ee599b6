// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer } from '../scripts/lib/natsServer.mjs';
import { findPostgres, postgresHint, startPostgres } from '../scripts/lib/postgresServer.mjs';
import { addRules, closeBooks, judgeCopies } from './books.mjs';
import { startCrowd } from './crowd.mjs';
import { disturb } from './disturb.mjs';
import { openCopy } from './eventCopy.mjs';
import { connect, openPlace } from './place.mjs';
import { startRudeReceiver } from './rudeReceiver.mjs';
import { startTraffic } from './traffic.mjs';
import { verdict } from './verdict.mjs';

/** @typedef {Awaited<ReturnType<typeof startPostgres>>} Postgres */
/** @typedef {Awaited<ReturnType<typeof startCrowd>>} Crowd */
/** @typedef {import('./verdict.mjs').Verdict} Verdict */

const nodesCount = 3;
/** How long the database and the broker are left alone, ms at most; they get as much at least as a half of it. */
const peaceMsMax = 8_000;
/** How long a stalled database stands still, ms at most. */
const stallMsMax = 8_000;

/**
 * Traffic over three nodes of one database, each call to any of them, while nodes are killed, paused,
 * stopped and started, and the database and the broker too. Afterwards the books are compared.
 *
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<readonly Verdict[]>}
 */
export async function nodes(options) {
  if (findPostgres() === undefined) return [verdict('nodes', postgresHint, 'left out', undefined)];
  const [broker, postgres, receiver] = [
    await startNatsServer(),
    await startPostgres(),
    await startRudeReceiver(),
  ];
  const place = await openPlace({
    RECALLD_NATS_URL: broker.url,
    RECALLD_DATABASE_URL: await postgres.createDatabase(),
    RECALLD_SECRET_KEY: 'what every node of the torture knows',
  });
  const crowd = await startCrowd(place.start, nodesCount);
  const copy = await openCopy(broker.url);
  const api = await connect(crowd.anyUrl);
  await addRules(api, receiver);
  const traffic = startTraffic(options);
  try {
    traffic.use(api);
    const troubles = await harass(options.nodesSeconds * 1_000, { crowd, postgres, broker });
    await sleep(500);
    await traffic.stop();
    const callbacks = await closeBooks('nodes', { traffic, receiver, api });
    const ends = await judgeLog(api, traffic.recalled);
    const copies = await judgeCopies('nodes', broker, copy, traffic.owed, place.env);
    return [
      ...judgeAnswers(api, traffic.cutOff(), troubles),
      ...callbacks,
      ...ends,
      ...copies,
      await judgeEnds(crowd),
    ];
  } finally {
    await copy.close();
    await receiver.close();
    await crowd.end();
    await broker.stop();
    await postgres.stop();
    await place.remove();
  }
}

/**
 * Everybody is harassed beside everybody else; in the end all of them are there again.
 *
 * @param {number} ms
 * @param {{ crowd: Crowd, postgres: Postgres, broker: import('./books.mjs').Broker }} those
 * @returns {Promise<string>} what happened how often
 */
async function harass(ms, { crowd, postgres, broker }) {
  const until = Date.now() + ms;
  const times = { database: 0, broker: 0 };
  /** @param {(turn: number) => Promise<void>} strike */
  const again = async (strike) => {
    let turn = 0;
    while (Date.now() < until) {
      await sleep((peaceMsMax / 2) * (1 + Math.random()));
      await strike((turn += 1));
    }
    return turn;
  };
  const nodesStruck = crowd.harass(until);
  [times.database, times.broker] = await Promise.all([
    again((turn) => strikeDatabase(postgres, turn)),
    again((turn) => disturb(broker, turn)),
  ]);
  const { killed, paused, stopped } = await nodesStruck;
  return `${killed} kills, ${paused} pauses, ${stopped} stops of nodes; ${times.database} of the database, ${times.broker} of the broker`;
}

/**
 * A database that dies and recovers, one that stands still for a while, and one that is restarted in order.
 *
 * @param {Postgres} postgres @param {number} turn
 */
async function strikeDatabase(postgres, turn) {
  switch (turn % 3) {
    case 0:
      postgres.pause();
      await sleep(Math.random() * stallMsMax);
      postgres.resume();
      return;
    case 1:
      await postgres.kill();
      break;
    case 2:
      await postgres.shutDown();
      break;
  }
  await sleep(Math.random() * 1_000);
  await postgres.start();
}

/** @param {import('./place.mjs').Api} api @param {number} cutOff @param {string} troubles */
function judgeAnswers(api, cutOff, troubles) {
  const away = api.answers.get(503) ?? 0;
  const faults = [...api.answers].filter(([status]) => status >= 500 && status !== 503);
  const told = faults.map(([status, times]) => `${times} times ${status}`).join(', ') || 'none';
  return [
    verdict('nodes', 'nodes, database and broker were struck under traffic', troubles, undefined),
    verdict(
      'nodes',
      'while something was away, calls were answered 503 or cut off',
      `${away} and ${cutOff}`,
      undefined,
    ),
    verdict('nodes', 'no call was answered with a fault', told, faults.length === 0),
  ];
}

/**
 * Whether each acknowledged recall is in the log, once.
 *
 * @param {import('./place.mjs').Api} api @param {readonly string[]} recalled
 */
async function judgeLog(api, recalled) {
  const wrong = [];
  for (const msgId of recalled) {
    const { body } = await api.admin('GET', `/messages/${msgId}/events`);
    const types = body.entities.map((/** @type {{ type: string }} */ { type }) => type);
    if (types.filter((/** @type {string} */ type) => type === 'MessageRecalled').length !== 1)
      wrong.push(msgId);
  }
  const figure = `${recalled.length} recalls, ${wrong.length} missing or twice`;
  return [verdict('nodes', 'the log has what was acknowledged, once', figure, wrong.length === 0)];
}

/** @param {Crowd} crowd */
async function judgeEnds(crowd) {
  const codes = await crowd.stop();
  const wrong = codes.filter((code) => code !== 0);
  const figure = `${codes.length} stops, ${wrong.length} with another code`;
  return verdict('nodes', 'every node that was asked to ended with 0', figure, wrong.length === 0);
}
