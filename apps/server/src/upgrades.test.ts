import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeWebSockets } from './upgrades.js';

let server: Server;
let taken: IncomingMessage[];

beforeEach(async () => {
  taken = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(`${request.method} ${request.url} with "${body}"\n`));
  });
  takeWebSockets(server, (request, socket) => {
    taken.push(request);
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

/** Writes the pieces to one connection, and answers what came until the server closed it. */
async function speak(...pieces: readonly string[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let heard = '';
  const closed = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes) => (heard += bytes.toString()));
    socket.on('end', resolve);
    socket.on('error', reject);
  });
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await closed;
  return heard;
}

const bodies = (heard: string) => [...heard.matchAll(/^[A-Z]+ \/.* with ".*"$/gm)].map(([line]) => line);
const wish = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('upgrades', () => {
  it('given a WebSocket, then it is taken', async () => {
    const heard = await speak(
      'GET /websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n',
    );
    expect(heard).toMatch(/^HTTP\/1\.1 101 /);
    expect(taken.map(({ url }) => url)).toEqual(['/websocket']);
  });

  it('given the wish for HTTP/2, then requests are answered in HTTP/1.1 on the same connection', async () => {
    const heard = await speak(`GET /first HTTP/1.1\r\n${wish}\r\n`, last);
    expect(bodies(heard)).toEqual(['GET /first with ""', 'GET /last with ""']);
    expect(taken).toEqual([]);
  });

  it('given the wish for HTTP/2 on a connection that is to be closed, then it is closed', async () => {
    const closing = wish.replace('Connection: ', 'Connection: close, ');
    expect(bodies(await speak(`GET /only HTTP/1.1\r\n${closing}\r\n`))).toEqual(['GET /only with ""']);
  });

  it('given the wish for HTTP/2 and a body in pieces, then the whole body arrives', async () => {
    const head = `POST /first HTTP/1.1\r\n${wish}Content-Length: 10\r\n\r\n`;
    expect(bodies(await speak(`${head}hell`, 'o worl', last))).toEqual([
      'POST /first with "hello worl"',
      'GET /last with ""',
    ]);
  });

  it('given the wish for HTTP/2 and a body in chunks, then the whole body arrives', async () => {
    const head = `POST /first HTTP/1.1\r\n${wish}Transfer-Encoding: chunked\r\n\r\n`;
    expect(bodies(await speak(head, '5\r\nhello\r\n0\r\n\r\n', last))).toEqual([
      'POST /first with "hello"',
      'GET /last with ""',
    ]);
  });
});
