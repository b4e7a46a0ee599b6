// @ts-check
// The ceiling: node:http that checks the bearer, parses the body and answers. It keeps nothing.
import { createServer } from 'node:http';
import { answerCalls } from '../child.mjs';
import { appPath, envelope, token } from './envelope.mjs';

const bearer = `Bearer ${token}`;
let lastId = 1_000_000_000_000_000_000n;

/**
 * @param {string} path
 * @param {any} body
 */
function answerData(path, body) {
  if (path === '/messages/msg_recall') {
    return { recalled: 'yes', chattype: body.chat_type, from: body.from, to: body.to, msg_id: body.msg_id };
  }
  return Object.fromEntries(body.to.map((/** @type {string} */ user) => [user, String(++lastId)]));
}

const server = createServer((request, response) => {
  const began = Date.now();
  /** @type {Buffer[]} */
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.headers.authorization !== bearer) {
      response.writeHead(401).end();
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const path = (request.url ?? '').slice(appPath.length);
    const text = JSON.stringify(envelope(path, answerData(path, body), began));
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});

answerCalls({
  start: () =>
    new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(server.address()));
    }),
});
