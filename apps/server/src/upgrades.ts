import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

type TakeSocket = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What a request without its wish to upgrade does not say, as a header or as an option of `Connection`. */
const wishes: readonly string[] = ['upgrade', 'http2-settings'];

/**
 * Hands WebSockets over to `take`. Other upgrades are wishes that a server may pass over (RFC 9110,
 * 7.8), as HTTP/2's of some HTTP clients, which come with every first request: Node gives up its
 * parser for them as soon as anybody listens for upgrades, so they start again without the wish.
 */
export function takeWebSockets(server: Server, take: TakeSocket): void {
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') return take(request, socket, head);
    socket.unshift(Buffer.concat([headOf(request), head]));
    server.emit('connection', socket);
  });
}

/** The head of a request as it came, less the wish. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const isConnection = name.toLowerCase() === 'connection';
    if (!isWish(name)) lines.push(`${name}: ${isConnection ? withoutWishes(value) : value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function isWish(name: string): boolean {
  return wishes.includes(name.trim().toLowerCase());
}

function withoutWishes(options: string): string {
  return options
    .split(',')
    .filter((option) => !isWish(option))
    .join(',');
}
