// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { identify, isSigned } from './signatures.mjs';

/** @typedef {import('./signatures.mjs').Dialect} Dialect */
/** @typedef {import('./traffic.mjs').Owed['receiver']} Path one for each rule */
/** @typedef {import('node:http').ServerResponse} Response */

/** How often it misbehaves, and how often at most for one callback, so that a storm ends. */
const rudeness = 0.3;
const rudeTimesMax = 2;

/**
 * What it does instead of answering 200. Those that answer 200 all the same, in their way, count as
 * having taken the callback.
 *
 * @type {readonly { name: string, takes: boolean, act: (response: Response) => void }[]}
 */
const manners = [
  { name: 'fails with 500', takes: false, act: (response) => response.writeHead(500).end('no') },
  {
    name: 'fails with 503 and Retry-After',
    takes: false,
    act: (response) => response.writeHead(503, { 'retry-after': '2' }).end(),
  },
  { name: 'refuses with 404', takes: false, act: (response) => response.writeHead(404).end() },
  {
    name: 'redirects to itself',
    takes: false,
    act: (response) => response.writeHead(302, { location: '/moved' }).end(),
  },
  { name: 'cuts the connection', takes: false, act: (response) => response.socket?.destroy() },
  { name: 'resets the connection', takes: false, act: (response) => response.socket?.resetAndDestroy() },
  {
    name: 'answers no HTTP',
    takes: false,
    act: (response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'),
  },
  { name: 'stops within its headers', takes: false, act: (response) => response.socket?.end('HTTP/1.1 200') },
  { name: 'hangs', takes: false, act: () => {} },
  { name: 'says 100 Continue and no more', takes: false, act: (response) => response.writeContinue() },
  {
    name: 'lies about its length',
    takes: true,
    act: (response) => response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nOK'),
  },
  {
    name: 'answers without an end',
    takes: true,
    act: (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 100);
      response.on('close', () => clearInterval(drip));
    },
  },
];

/** How often each manner is shown beside the others: a hanging one holds a request for ten seconds. */
const weights = manners.map(({ name }) => (/hangs|no more|without an end/.test(name) ? 1 : 4));

/**
 * What became of all callbacks about one thing to one rule. Places count all that the receiver heard.
 *
 * @typedef {{ ids: Set<string | undefined>, rude: number, firstHeard: number, firstTaken: number }} Told
 */

/** A backend that fails, hangs and lies, and keeps books on what it was told. */
export async function startRudeReceiver() {
  /** @type {Record<Path, Map<string, Told>>} */
  const told = { easemob: new Map(), tencent: new Map(), native: new Map(), ordered: new Map() };
  const counts = { requests: 0, rude: 0, unsigned: 0 };
  const server = createServer(async (request, response) => {
    try {
      await hear(request, response);
    } catch {
      // The server was killed in the middle of its request.
      response.destroy();
    }
  });

  /** @type {(request: import('node:http').IncomingMessage, response: Response) => Promise<void>} */
  async function hear(request, response) {
    const url = new URL(request.url ?? '/', 'http://receiver');
    const path = /** @type {Path} */ (url.pathname.slice(1));
    const dialect = dialectOf(path);
    const body = await text(request);
    const received = { url, headers: request.headers, text: body, body: JSON.parse(body) };
    counts.requests += 1;
    if (!isSigned(dialect, received)) counts.unsigned += 1;
    const { about, id } = identify(dialect, received);
    const place = counts.requests;
    const entry = told[path].get(about) ?? newTold(place);
    told[path].set(about, entry);
    entry.ids.add(id);
    const manner = entry.rude < rudeTimesMax && Math.random() < rudeness ? pick() : undefined;
    if (manner === undefined) {
      entry.firstTaken = Math.min(entry.firstTaken, place);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}');
      return;
    }
    counts.rude += 1;
    entry.rude += 1;
    if (manner.takes) entry.firstTaken = Math.min(entry.firstTaken, place);
    manner.act(response);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    /** @param {Path} path */
    url: (path) => `http://127.0.0.1:${port}/${path}`,
    told,
    counts,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @param {Path} path @returns {Dialect} */
export function dialectOf(path) {
  return path === 'ordered' ? 'native' : path;
}

/** @param {number} place @returns {Told} */
function newTold(place) {
  return { ids: new Set(), rude: 0, firstHeard: place, firstTaken: Infinity };
}

function pick() {
  let rest = Math.random() * weights.reduce((sum, weight) => sum + weight, 0);
  return manners.find((_, index) => (rest -= weights[index] ?? 0) < 0) ?? manners[0];
}
