import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import type { buildConnector } from 'undici';
import { failureText, PlainFailure } from './failureText.js';
import { openTunnel } from './proxy.js';
import type { Proxy } from './proxy.js';

export interface ConnectorOptions {
  /** Resolves and judges the names of receivers. */
  readonly lookup: LookupFunction;
  /** One deadline over resolving, connecting, the proxy and TLS. */
  readonly timeoutMs: number;
  /** What TLS proves and believes; null for an origin without TLS. */
  readonly secureContext: SecureContext | null;
  /** Null: none. With one, the receivers' names are the proxy's to resolve, and nobody judges their addresses. */
  readonly proxy: Proxy | null;
}

type Stage = 'name' | 'tcp' | 'proxy' | 'tls';

const lateTexts: Readonly<Record<Stage, string>> = {
  name: 'the host name was not resolved',
  tcp: 'no connection was made',
  proxy: 'the proxy made no connection',
  tls: 'the TLS handshake was not over',
};

const tcpKeepAliveMs = 60_000;

/** Makes the connections of one origin, the way undici wants them. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  /** Lets the next connection shorten its handshake. All connections here ask the same of the same receiver. */
  let session: Buffer | undefined;

  async function open(target: buildConnector.Options, steps: Steps): Promise<Socket> {
    const { hostname, protocol } = target;
    const { proxy, lookup, secureContext } = options;
    const port = Number(target.port || (protocol === 'https:' ? 443 : 80));
    const socket =
      proxy === null
        ? await reach({ hostname, port }, lookup, steps)
        : await reachThrough(proxy, `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`, steps);
    if (secureContext === null) return socket;
    steps.stage = 'tls';
    const secured = shakeHands(socket, hostname, { secureContext, ...(session && { session }) }, steps);
    secured.on('session', (latest: Buffer) => (session = latest));
    await once(secured, 'secureConnect');
    return secured;
  }

  return (target, callback) => {
    const { timeoutMs } = options;
    const steps = new Steps();
    const timer = setTimeout(() => {
      steps.destroy(new PlainFailure(`${lateTexts[steps.stage]} within ${timeoutMs} ms`));
    }, timeoutMs);
    open(target, steps)
      .finally(() => clearTimeout(timer))
      .then(
        (socket) => callback(null, socket),
        (error: Error) => {
          steps.destroy(error);
          callback(error, null);
        },
      );
  };
}

/** How far one connection has come. */
class Steps {
  stage: Stage = 'name';
  readonly #sockets: Socket[] = [];

  add<S extends Socket>(socket: S): S {
    this.#sockets.push(socket);
    // One that lies under another may fail after nobody waits for it any more.
    socket.on('error', () => undefined);
    return socket;
  }

  /** Whoever waits for a socket gets the error. */
  destroy(error: Error): void {
    for (const socket of this.#sockets) socket.destroy(error);
  }
}

/** Connects to a receiver itself. */
async function reach({ hostname, port }: HostAndPort, lookup: LookupFunction, steps: Steps): Promise<Socket> {
  const socket = steps.add(beginTcp({ hostname, port }, lookup));
  steps.stage = isIP(hostname) === 0 ? 'name' : 'tcp';
  socket.once('lookup', () => (steps.stage = 'tcp'));
  await once(socket, 'connect');
  return socket;
}

/** Connects to a receiver through a proxy, whose own name and address nobody judges. */
async function reachThrough(proxy: Proxy, authority: string, steps: Steps): Promise<Socket> {
  steps.stage = 'proxy';
  try {
    const socket = steps.add(beginTcp(proxy));
    await once(socket, 'connect');
    if (!proxy.secure) return await openTunnel(socket, proxy, authority);
    const secured = shakeHands(socket, proxy.hostname, {}, steps);
    await once(secured, 'secureConnect');
    return await openTunnel(secured, proxy, authority);
  } catch (error) {
    if (error instanceof PlainFailure) throw error;
    throw new PlainFailure(`the proxy cannot be used: ${failureText(error)}`);
  }
}

interface HostAndPort {
  readonly hostname: string;
  readonly port: number;
}

function beginTcp({ hostname: host, port }: HostAndPort, lookup?: LookupFunction): Socket {
  const kept = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  return connectTcp({ host, port, ...kept, ...(lookup && { lookup }) });
}

/** Begins TLS on a connection. Certificates are always verified, whatever the environment says. */
function shakeHands(socket: Socket, hostname: string, options: ConnectionOptions, steps: Steps) {
  return steps.add(
    connectTls({
      ...options,
      socket,
      host: hostname,
      servername: isIP(hostname) === 0 ? hostname.replace(/\.$/, '') : '',
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    }),
  );
}
