// @ts-check
import { batchRecipients, post } from '../load/requests.mjs';

// Users and conversations grow with the messages: each 30,000 messages bring 600 users, who have five
// conversations each. Old conversations go on: a batch goes to any of the cohorts that are there.

const senders = 5;
const cohort = batchRecipients;
const messagesOfCohort = 50 * cohort;

/** @typedef {import('../load/requests.mjs').Message} Message */
/** @typedef {import('../load/requests.mjs').Target} Target */

/** @param {number} messages */
const usersAt = (messages) => Math.ceil(messages / messagesOfCohort) * cohort;

/** @param {number} n */
const sender = (n) => `sender-${n % senders}`;

/**
 * The nth batch of those that fill a store.
 *
 * @param {Target} target
 * @param {(below: number) => number} random
 */
export function fillingRequests(target, random) {
  const request = post(target, '/messages/users');
  /** @param {number} n called with 0, 1, 2, … */
  return (n) => {
    const first = cohort * random(usersAt((n + 1) * cohort) / cohort);
    const to = Array.from({ length: cohort }, (_, index) => `user-${first + index}`);
    const from = sender(n);
    const body = { msg: `message ${n}: see you at the usual place` };
    return { from, text: request(JSON.stringify({ from, to, type: 'txt', body, ext: {} })) };
  };
}

/**
 * What is asked of a store that has so many messages. Each answers one request text at a time.
 *
 * @param {Target} target
 * @param {number} messages
 * @param {(below: number) => number} random
 */
export function trafficRequests(target, messages, random) {
  const users = usersAt(messages);
  const send = post(target, '/messages/users');
  const someone = () => `user-${random(users)}`;
  let n = 0;
  return {
    send: () => {
      const body = `{"msg":"message ${(n += 1)}: see you at the usual place"}`;
      return send(
        `{"from":"${sender(random(senders))}","to":["${someone()}"],"type":"txt","body":${body},"ext":{"client":"bench"}}`,
      );
    },
    history: () => {
      const queue = `${sender(random(senders))}@easemob.com`;
      const path = `/users/${someone()}/messageroaming`;
      return post(target, path)(`{"queue":"${queue}","start":"-1","pull_number":20}`);
    },
    list: () => get(target, `/users/${someone()}/user_channels`),
  };
}

/**
 * @param {Target} target
 * @param {string} path
 */
function get({ path: app, token }, path) {
  return `GET ${app}${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`;
}

/** Whole numbers below a bound, the same for the same seed. @param {number} seed */
export function seeded(seed) {
  let state = seed + 1;
  /** @param {number} below */
  return (below) => {
    // Lehmer's generator, whose products stay below 2^53.
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
