import { STATUS_CODES } from 'node:http';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@recalld/domain';
import type { Api, Failure } from '../route.js';

/** Statuses of what Node's HTTP parser gives up on. */
const parserStatuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers what is not HTTP, in an API's words: there is no request yet, so nothing of it can be named. */
export function refuseBroken(api: Api, clock: Clock) {
  return (error: Error & { readonly code?: string }, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const { status, body } = refusalOf(api, clock, 'malformedRequest');
    socket.end(rawAnswer(parserStatuses[error.code ?? ''] ?? status, body));
  };
}

/** Answers what Node would cut off or answer without a body: CONNECT, and expectations that nobody meets. */
export function answerEverything(server: Server, api: Api, clock: Clock): void {
  server.on('connect', (_request, socket) => {
    // The socket is nobody's any more: unwatched, its errors would end the process.
    socket.on('error', () => socket.destroy());
    const { status, body } = refusalOf(api, clock, 'wrongMethod');
    socket.end(rawAnswer(status, body, 'Allow:'), () => socket.destroy());
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function refusalOf(api: Api, clock: Clock, failure: Failure): { status: number; body: unknown } {
  const nothing = { requestId: '', method: '', path: '/', headers: {}, ip: '', receivedAt: clock.now() };
  return api.refuse(failure, nothing);
}

function rawAnswer(status: number, body: unknown, ...headers: readonly string[]): string {
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...headers,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}
