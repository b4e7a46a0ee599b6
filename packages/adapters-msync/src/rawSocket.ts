import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const errors = {
  400: 'bad_request',
  404: 'resource_not_found',
  503: 'service_unavailable',
} as const;

/** Answers a socket that is not taken: nobody else does. */
export function refuseUpgrade(socket: Duplex, status: keyof typeof errors): void {
  // The socket is nobody's any more: unwatched, its errors would end the process.
  socket.on('error', () => socket.destroy());
  const text = JSON.stringify({ error: errors[status], error_description: 'no WebSocket is opened here' });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
