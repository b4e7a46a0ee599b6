import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certified } from './certificate.js';
import { listen } from './sending.js';

/** What a proxy does with a request for a tunnel. */
export type Tunnelling = 'open' | 'hang' | 'hangUp' | 'garble' | number;

export interface ProxyChange {
  readonly tunnelling?: Tunnelling;
  /** What `Proxy-Authorization` has to say. */
  readonly authorization?: string;
  /** Makes it one that is spoken to over TLS. */
  readonly certified?: Certified;
}

/** A proxy on loopback, for which every name is this machine's. */
export async function givenProxy({ tunnelling = 'open', authorization, certified }: ProxyChange = {}) {
  const asked: { readonly authority: string; readonly headers: IncomingMessage['headers'] }[] = [];
  const server = certified === undefined ? createServer() : createSecureServer({ ...certified });

  function tunnel(authority: string, client: Duplex): void {
    const upstream = connect(Number(new URL(`http://${authority}`).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  }

  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    const authority = request.url ?? '';
    asked.push({ authority, headers: request.headers });
    const answer = request.headers['proxy-authorization'] === authorization ? tunnelling : 407;
    if (answer === 'open') tunnel(authority, client);
    else if (answer === 'hangUp') client.destroy();
    else if (answer === 'garble') client.end('secret words\r\n\r\n');
    else if (answer !== 'hang') client.end(`HTTP/1.1 ${answer} No\r\nContent-Length: 6\r\n\r\nsecret`);
  });
  return { port: await listen(server), asked };
}
