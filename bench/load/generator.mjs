// @ts-check
// The load generator, a process of its own: it fills a target with messages and measures it.
import { answerCalls } from '../child.mjs';
import { ask, withConnections } from './connection.mjs';
import { measure } from './measure.mjs';
import {
  batchRecipients,
  batchRequests,
  conversations,
  isRecalled,
  isRefusedAsRecalled,
  isSent,
  recallRequests,
  sendRequests,
} from './requests.mjs';

/** @typedef {import('./requests.mjs').Target} Target */

const preloadConnections = 8;
/** Recalled messages that are recalled once more, which must be refused. */
const secondRecalls = 200;

/** @type {import('./requests.mjs').Message[]} */
let messages = [];
let taken = 0;

answerCalls({
  /**
   * Sends messages, many a request: one to each conversation, which stay, and those to be recalled.
   *
   * @param {{ target: Target, recalls: number }} call
   */
  async preload({ target, recalls }) {
    messages = [];
    taken = 0;
    const batches = Math.ceil((conversations + recalls) / batchRecipients);
    const request = batchRequests(target);
    let n = 0;
    await withConnections(target, preloadConnections, (connections) =>
      Promise.all(
        connections.map(async (connection) => {
          while (n < batches) {
            const { from, text } = request(n++);
            const answer = await ask(connection, text);
            keepIds(from, answer);
          }
        }),
      ),
    );
    messages.splice(0, conversations);
  },

  /**
   * @param {{ target: Target, connections: number, operation: 'recall' | 'send', warmSeconds: number,
   *   seconds: number, serverPids: number[], helperPids: number[], databasePid?: number }} call
   */
  async run({ target, connections: count, operation, ...load }) {
    const recall = operation === 'recall';
    const sample = await withConnections(target, count, (connections) =>
      measure({
        ...load,
        connections,
        helperPids: [...load.helperPids, process.ppid],
        next: recall ? nextRecall(target) : nextSend(target),
        isRight: recall ? isRecalled : isSent,
      }),
    );
    return { sample, requests: taken };
  },

  /**
   * Recalls some of the recalled messages again; counts those that were not refused.
   *
   * @param {{ target: Target }} call
   */
  async recallAgain({ target }) {
    const step = Math.max(1, Math.floor(taken / secondRecalls));
    const chosen = messages.slice(0, taken).filter((_, index) => index % step === 0);
    const request = recallRequests(target);
    const ids = chosen.map(({ id }) => id);
    const accepted = await withConnections(target, 1, async ([connection]) => {
      let count = 0;
      for (const message of chosen) {
        if (connection !== undefined && !isRefusedAsRecalled(await ask(connection, request(message))))
          count += 1;
      }
      return count;
    });
    return { ids, accepted };
  },
});

/** @param {Target} target */
function nextRecall(target) {
  const request = recallRequests(target);
  return () => {
    const message = messages[taken];
    if (message === undefined) return undefined;
    taken += 1;
    return request(message);
  };
}

/** @param {Target} target */
function nextSend(target) {
  const request = sendRequests(target);
  taken = 0;
  return () => request(taken++);
}

/**
 * @param {string} from
 * @param {import('./connection.mjs').Answer} answer
 */
function keepIds(from, { status, text }) {
  if (status !== 200) throw new Error(`preloading was answered ${status}: ${text}`);
  const { data } = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
  for (const [to, id] of Object.entries(data)) messages.push({ id, from, to });
}
