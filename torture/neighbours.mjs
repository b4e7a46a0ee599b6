// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, openPlace } from './place.mjs';
import { verdict } from './verdict.mjs';

const perSecond = 40;
/** What a hanging neighbour may add to another rule's median latency. */
const changeMax = 0.1;

/**
 * How long callbacks take to a quick receiver, with and without another rule whose receiver never answers, in turn.
 *
 * @param {import('./options.mjs').Options} options
 */
export async function neighbours({ rounds, roundSeconds, judgeLatency }) {
  const place = await openPlace();
  const server = await place.start();
  const api = await connect(server.url);
  /** When each message's callback arrived. */
  const arrived = /** @type {Map<string, number>} */ (new Map());
  const quick = await listen(async (request, response) => {
    const at = performance.now();
    arrived.set(JSON.parse(await text(request)).recall_id, at);
    response.end();
  });
  const hanging = await listen(() => {});
  try {
    await api.addRule({ name: 'quick', url: quick.url, dialect: 'easemob' });
    const { id } = await api.addRule({
      name: 'hanging',
      url: hanging.url,
      dialect: 'easemob',
      enabled: false,
    });
    /** @type {Record<'alone' | 'beside', number[]>} */
    const latencies = { alone: [], beside: [] };
    await recallFor(api, arrived, roundSeconds);
    for (let round = 1; round <= rounds; round += 1) {
      latencies.alone.push(...(await recallFor(api, arrived, roundSeconds)));
      await api.admin('PATCH', `/callback-rules/${id}`, { enabled: true });
      latencies.beside.push(...(await recallFor(api, arrived, roundSeconds)));
      await api.admin('PATCH', `/callback-rules/${id}`, { enabled: false });
    }
    return judge(latencies, judgeLatency);
  } finally {
    await server.stop();
    quick.close();
    hanging.close();
    await place.remove();
  }
}

/**
 * @param {Record<'alone' | 'beside', number[]>} latencies
 * @param {boolean} judgeLatency
 */
function judge({ alone, beside }, judgeLatency) {
  const [before, after] = [median(alone), median(beside)];
  const change = after / before - 1;
  const percent = `${change < 0 ? '' : '+'}${(100 * change).toFixed(1)} %`;
  const figure = `${before.toFixed(2)} ms alone, ${after.toFixed(2)} ms beside it (${percent}), ${alone.length} and ${beside.length} callbacks`;
  const lost = [...alone, ...beside].filter((ms) => ms === Infinity).length;
  return [
    verdict(
      'neighbours',
      'a hanging endpoint changes others’ median latency by less than 10 %',
      figure,
      judgeLatency ? change < changeMax : undefined,
    ),
    verdict('neighbours', 'every callback beside it arrived', `${lost} missing`, lost === 0),
  ];
}

/**
 * @param {import('./place.mjs').Api} api
 * @param {Map<string, number>} arrived
 * @param {number} seconds
 * @returns {Promise<readonly number[]>} ms from each recall's request to its callback; Infinity for one that did not come
 */
async function recallFor(api, arrived, seconds) {
  /** @type {Map<string, number>} */
  const asked = new Map();
  const underway = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    underway.push(
      api.sendAndRecall('from', `to-${n}`).then((recalled) => {
        if (recalled !== undefined) asked.set(recalled.msgId, recalled.askedAt);
      }),
    );
    await sleep(1_000 / perSecond);
  }
  await Promise.all(underway);
  const deadline = Date.now() + 10_000;
  while ([...asked.keys()].some((msgId) => !arrived.has(msgId)) && Date.now() < deadline) await sleep(20);
  return [...asked].map(([msgId, at]) => (arrived.get(msgId) ?? Infinity) - at);
}

/** @param {import('node:http').RequestListener} handle */
async function listen(handle) {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {readonly number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
