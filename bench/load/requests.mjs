// @ts-check

/** @typedef {{ port: number, path: string, token: string }} Target its app's path begins with a slash */
/** @typedef {{ id: string, from: string, to: string }} Message */

/** Recipients of one preloading send; the contract's own bound. */
export const batchRecipients = 600;

const users = batchRecipients;
const senders = 50;

/** Visits every conversation before any of them again, in an order without a pattern. */
const stride = 7_919;
/** Prime to the number of users, so that each step visits all of them. */
const steps = [1, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];

/**
 * @param {Target} target
 * @param {string} path below the app's
 * @returns {(body: string) => string} a whole request; the body is ASCII
 */
function post({ port, path: app, token }, path) {
  const head =
    `POST ${app}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n` +
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
  /** @param {number} n */
  return (n) => {
    const conversation = (n * stride) % (senders * users);
    const from = `sender-${conversation % senders}`;
    const to = `user-${Math.floor(conversation / senders)}`;
    return request(
      `{"from":"${from}","to":["${to}"],"type":"txt","body":{"msg":"message ${n}: see you at the usual place"},` +
        '"ext":{"client":"bench"}}',
    );
  };
}

/**
 * One send to many, to fill a target with messages.
 *
 * @param {Target} target
 */
export function batchRequests(target) {
  const request = post(target, '/messages/users');
  /** @param {number} n */
  return (n) => {
    const from = `sender-${n % senders}`;
    // Another order for each round of senders: who was written to one after the other says nothing.
    const step = steps[Math.floor(n / senders) % steps.length] ?? 1;
    const to = Array.from({ length: users }, (_, index) => `user-${(index * step) % users}`);
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
