import type { Socket } from 'node:net';
import type { Clock } from '@recalld/domain';
import type { Api } from '../route.js';

/** Statuses of what Node's HTTP parser gives up on. */
const statuses: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Answers what is not HTTP, in an API's words: there is no request yet, so nothing of it can be named. */
export function refuseBroken(api: Api, clock: Clock) {
  return (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const nothing = { requestId: '', method: '', path: '/', headers: {}, ip: '', receivedAt: clock.now() };
    const body = JSON.stringify(api.refuse('malformedPath', nothing).body);
    const head = [
      `HTTP/1.1 ${statuses[error.code ?? ''] ?? '400 Bad Request'}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}
