import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { PlainFailure } from './failureText.js';

/** The proxy that callbacks go through. */
export interface Proxy {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** What it gets as `Proxy-Authorization`; never logged. */
  readonly authorization: string | null;
}

/** Says what is wrong with a proxy's URL, or undefined; never repeats it, since it may hold a password. */
export function proxyRefusal(text: string): string | undefined {
  return parseProxy(text) === undefined
    ? 'a proxy is http://[USER:PASSWORD@]HOST[:PORT] or https://…, without a path'
    : undefined;
}

export function parseProxy(text: string): Proxy | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  if (`${pathname}${search}${hash}` !== '/') return undefined;
  const secure = protocol === 'https:';
  const credentials = decoded(`${username}:${password}`);
  if (credentials === undefined) return undefined;
  return {
    secure,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port === '' ? (secure ? 443 : 80) : port),
    authorization: credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Asks a proxy, over a connection to it, for a tunnel to `authority` (host and port).
 * @throws PlainFailure when it refuses; the connection's error when that breaks.
 */
export async function openTunnel(connection: Socket, proxy: Proxy, authority: string): Promise<Socket> {
  const asking = request({
    createConnection: () => connection,
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }),
    },
  });
  asking.end();
  const [{ statusCode = 0 }, tunnel, head] = (await once(asking, 'connect')) as [
    IncomingMessage,
    Socket,
    Buffer,
  ];
  if (statusCode === 407) throw new PlainFailure('the proxy does not take these credentials (407)');
  if (statusCode < 200 || statusCode > 299) {
    throw new PlainFailure(`the proxy refused the connection (${statusCode})`);
  }
  if (head.length > 0) tunnel.unshift(head);
  return tunnel;
}
