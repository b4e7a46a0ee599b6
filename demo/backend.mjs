// @ts-check
// A small app backend: it takes callbacks of both dialects and checks their signatures as the vendors
// describe them, with nothing of recalld's own code.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** A Tencent receiver turns away what was signed longer ago. */
const signedSecondsAgoMax = 60;

/**
 * @typedef {object} Callback
 * @property {'easemob' | 'tencent'} dialect
 * @property {string} request method, path and query, the signature left out
 * @property {any} body
 * @property {boolean} verified
 */

/** Starts the backend on a free port of this machine. */
export async function startBackend() {
  const secrets = { easemob: randomBytes(16).toString('hex'), tencent: randomBytes(16).toString('hex') };
  /** @type {Callback[]} */
  const received = [];
  let arrived = () => {};
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://backend');
    const dialect = url.pathname === '/tencent' ? 'tencent' : 'easemob';
    const body = JSON.parse(await text(request));
    const verified =
      dialect === 'tencent'
        ? isTencents(url.searchParams, secrets.tencent)
        : isEasemobs(body, secrets.easemob);
    received.push({ dialect, request: `${request.method} ${shortPath(url)}`, body, verified });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}');
    arrived();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    secrets,

    /**
     * Callbacks of a dialect in the order in which they came.
     *
     * @param {Callback['dialect']} dialect
     * @param {number} count
     * @param {number} deadlineMs
     * @returns {Promise<Callback[]>}
     */
    async callbacks(dialect, count, deadlineMs = 15_000) {
      const deadline = AbortSignal.timeout(deadlineMs);
      for (;;) {
        const found = received.filter((callback) => callback.dialect === dialect);
        if (found.length >= count) return found;
        await new Promise((resolve, reject) => {
          arrived = () => resolve(undefined);
          deadline.onabort = () =>
            reject(new Error(`${found.length} of ${count} ${dialect} callbacks came in ${deadlineMs} ms`));
        });
      }
    },

    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * `security` is the MD5 of callId, the rule's secret and the timestamp.
 *
 * @param {any} body
 * @param {string} secret
 */
function isEasemobs({ callId, timestamp, security }, secret) {
  return isDigest(security, 'md5', `${callId}${secret}${timestamp}`);
}

/**
 * `Sign` is the SHA-256 of the token and the RequestTime, which has to be fresh.
 *
 * @param {URLSearchParams} query
 * @param {string} token
 */
function isTencents(query, token) {
  const requestTime = query.get('RequestTime') ?? '';
  const isFresh = Math.abs(Date.now() / 1000 - Number(requestTime)) <= signedSecondsAgoMax;
  return isFresh && isDigest(query.get('Sign'), 'sha256', `${token}${requestTime}`);
}

/**
 * @param {unknown} given hexadecimal
 * @param {'md5' | 'sha256'} algorithm
 * @param {string} signed
 */
function isDigest(given, algorithm, signed) {
  const wanted = createHash(algorithm).update(signed).digest();
  const bytes = Buffer.from(typeof given === 'string' ? given : '', 'hex');
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}

/** @param {URL} url */
function shortPath({ pathname, searchParams }) {
  const query = [...searchParams].map(([name, value]) => `${name}=${name === 'Sign' ? '…' : value}`);
  return query.length === 0 ? pathname : `${pathname}?${query.join('&')}`;
}
