// @ts-check

/** @typedef {{ ports: readonly number[], path: string, token: string }} Target of several nodes; its app's path begins with a slash */
/** @typedef {{ id: string, from: string, to: string }} Message */

/** Recipients of one preloading send; the contract's own bound. */
export const batchRecipients = 600;

const senders = 5;
const users = 6_000;
/** One for each sender and user. */
export const conversations = senders * users;

/**
 * @param {Target} target
 * @param {string} path below the app's
 * @returns {(body: string) => string} a whole request; the body is ASCII
 */
export function post({ path: app, token }, path) {
  const head =
    `POST ${app}${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n` +
    'Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: ';
  return (body) => `${head}${body.length}\r\n\r\n${body}`;
}

/** @param {Target} target */
export function recallRequests(target) {
  const request = post(target, '/messages/msg_recall');
  /** @param {Message} message */
  return ({ id, from, to }) =>
    request(`{"msg_id":"${id}","to":"${to}","from":"${from}","chat_type":"chat","force":false}`);
}

/** @param {Target} target */
export function sendRequests(target) {
  const request = post(target, '/messages/users');
  const order = shuffled(conversations, 1);
  /** @param {number} n */
  return (n) => {
    const conversation = order[n % conversations] ?? 0;
    const from = `sender-${conversation % senders}`;
    const to = `user-${Math.floor(conversation / senders)}`;
    return request(
      `{"from":"${from}","to":["${to}"],"type":"txt","body":{"msg":"message ${n}: see you at the usual place"},` +
        '"ext":{"client":"bench"}}',
    );
  };
}

/**
 * One send to many, to fill a target with messages: every conversation gets one before any gets the
 * next, and those that get one at the same time have nothing else in common.
 *
 * @param {Target} target
 */
export function batchRequests(target) {
  const request = post(target, '/messages/users');
  const batches = users / batchRecipients;
  /** @type {readonly number[]} */
  let order = [];
  /** @param {number} n called with 0, 1, 2, … */
  return (n) => {
    const part = n % batches;
    const turn = Math.floor(n / batches);
    if (part === 0) order = shuffled(users, turn);
    const from = `sender-${turn % senders}`;
    const to = order
      .slice(part * batchRecipients, (part + 1) * batchRecipients)
      .map((user) => `user-${user}`);
    const body = {
      from,
      to,
      type: 'txt',
      body: { msg: `message ${n}: see you at the usual place` },
      ext: {},
    };
    return { from, text: request(JSON.stringify(body)) };
  };
}

/**
 * The numbers below `count` in an order without a pattern, the same for every target.
 *
 * @param {number} count
 * @param {number} seed
 */
function shuffled(count, seed) {
  const order = Array.from({ length: count }, (_, index) => index);
  let state = seed + 1;
  for (let last = count - 1; last > 0; last -= 1) {
    // Of Lehmer's generator, whose products stay below 2^53.
    state = (state * 48_271) % 2_147_483_647;
    const other = state % (last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/** @param {import('./connection.mjs').Answer} answer */
export function isRecalled({ status, text }) {
  return status === 200 && text.includes('"recalled":"yes"');
}

const sentData = /"data":\{"[^"]+":"\d+"\}/;

/** @param {import('./connection.mjs').Answer} answer */
export function isSent({ status, text }) {
  return status === 200 && sentData.test(text);
}

/** @param {import('./connection.mjs').Answer} answer */
export function isRefusedAsRecalled({ status, text }) {
  return status === 403 && text.includes('"error_description":"not_found msg"');
}
