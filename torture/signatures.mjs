// @ts-check
// How a receiver checks what it gets, by the vendors' documents and Standard Webhooks, with none of recalld's code.
import { createHash, createHmac, randomBytes } from 'node:crypto';

/** @typedef {'easemob' | 'tencent' | 'native'} Dialect */
/** @typedef {{ url: URL, headers: import('node:http').IncomingHttpHeaders, text: string, body: any }} Received */

export const secrets = {
  easemob: randomBytes(16).toString('hex'),
  tencent: randomBytes(16).toString('hex'),
  native: `whsec_${randomBytes(32).toString('base64')}`,
};

/** @type {Record<Dialect, (received: Received) => boolean>} */
const checks = {
  easemob: ({ body }) => body.security === hash('md5', `${body.callId}${secrets.easemob}${body.timestamp}`),
  tencent: ({ url }) => {
    const time = url.searchParams.get('RequestTime');
    return url.searchParams.get('Sign') === hash('sha256', `${secrets.tencent}${time}`);
  },
  native: ({ headers, text }) => {
    const key = Buffer.from(secrets.native.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    const wanted = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    return String(headers['webhook-signature']).split(' ').includes(wanted);
  },
};

/**
 * @param {Dialect} dialect
 * @param {Received} received
 */
export function isSigned(dialect, received) {
  return checks[dialect](received);
}

/**
 * What a callback is about, and the id that stays the same however often it comes; a tencent callback has none.
 *
 * @param {Dialect} dialect
 * @param {Received} received
 * @returns {{ about: string, id: string | undefined }} `about` is the receiving user for tencent, the message id
 *   for easemob, the event's type and whom or what it is about for native
 */
export function identify(dialect, { headers, body }) {
  switch (dialect) {
    case 'easemob':
      return { about: body.recall_id, id: body.callId };
    case 'tencent':
      return { about: body.To_Account, id: undefined };
    case 'native':
      return { about: aboutEvent(body), id: body.id === headers['webhook-id'] ? body.id : 'two ids' };
  }
}

/**
 * An event's type and whom or what it is about.
 *
 * @param {{ type: string, data: any }} envelope
 */
export function aboutEvent({ type, data }) {
  return `${type} ${data.file_uuid ?? data.msg_id ?? data.username ?? data.window_seconds}`;
}

/**
 * @param {'md5' | 'sha256'} algorithm
 * @param {string} text
 */
function hash(algorithm, text) {
  return createHash(algorithm).update(text).digest('hex');
}
