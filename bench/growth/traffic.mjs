// @ts-check
// The load generator of growth, a process of its own: it fills a store and measures the same traffic at each size.
import { answerCalls } from '../child.mjs';
import { ask, withConnections } from '../load/connection.mjs';
import { measure } from '../load/measure.mjs';
import { isRecalled, isSent, recallRequests } from '../load/requests.mjs';
import { fillingRequests, seeded, trafficRequests } from './population.mjs';

/** @typedef {import('../load/requests.mjs').Target} Target */
/** @typedef {'send' | 'recall' | 'history' | 'list'} Operation */

const fillConnections = 8;
const random = seeded(7);

let filled = 0;
let batches = 0;
/** Some of the messages, from all ages. @type {import('../load/requests.mjs').Message[]} */
let kept = [];
let recalled = 0;

answerCalls({
  /**
   * Fills a store through its own API, 600 messages a request.
   *
   * @param {{ target: Target, messages: number, keep: number }} call keep: how many of the messages stay to be recalled
   */
  async fill({ target, messages, keep }) {
    const request = fillingRequests(target, random);
    const before = filled;
    kept = kept.slice(recalled);
    recalled = 0;
    const share = keep / Math.max(1, messages - before);
    await withConnections(target, fillConnections, (connections) =>
      Promise.all(
        connections.map(async (connection) => {
          while (filled < messages) {
            const { from, text } = request(batches++);
            filled += 600;
            keepSome(from, await ask(connection, text), share);
          }
        }),
      ),
    );
    shuffle(kept);
    return { messages: filled, added: filled - before };
  },

  /** @param {{ target: Target, operation: Operation, connections: number, warmSeconds: number,
   *   seconds: number, serverPids: number[], helperPids: number[], databasePid?: number }} call */
  async run({ target, operation, connections: count, ...load }) {
    const requests = trafficRequests(target, filled, random);
    const recall = recallRequests(target);
    const nextRecall = () => {
      const message = kept[recalled];
      if (message === undefined) return undefined;
      recalled += 1;
      return recall(message);
    };
    const nextSend = () => {
      filled += 1;
      return requests.send();
    };
    return withConnections(target, count, (connections) =>
      measure({
        ...load,
        connections,
        helperPids: [...load.helperPids, process.ppid],
        next: { ...requests, send: nextSend, recall: nextRecall }[operation],
        isRight: rightAnswers[operation],
      }),
    );
  },

  recalled: () => recalled,
});

/** @type {Record<Operation, (answer: import('../load/connection.mjs').Answer) => boolean>} */
const rightAnswers = {
  send: isSent,
  recall: isRecalled,
  history: ({ status, text }) => status === 200 && text.includes('"is_last":'),
  list: ({ status, text }) => status === 200 && text.includes('"channel_infos":'),
};

/**
 * @param {string} from
 * @param {import('../load/connection.mjs').Answer} answer
 * @param {number} share
 */
function keepSome(from, { status, text }, share) {
  if (status !== 200) throw new Error(`filling was answered ${status}: ${text}`);
  const { data } = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
  for (const [to, id] of Object.entries(data)) {
    if (Math.random() < share) kept.push({ id, from, to });
  }
}

/** @param {unknown[]} list */
function shuffle(list) {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = random(last + 1);
    [list[last], list[other]] = [list[other], list[last]];
  }
}
