import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a receiver saw it. */
export interface Received {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The client's port: the same for requests on one connection. */
  readonly port: number;
}

/** An app backend on loopback that answers as a test wants. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Changes how requests are answered from now on. */
  answer(with_: Answer): void;
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: Received) => void;

/** Answers a status with a short body. */
export function status(code: number): Answer {
  return (response) => response.writeHead(code, { 'content-type': 'application/json' }).end('{}');
}

/** Never answers. */
export const hang: Answer = () => undefined;

export async function openReceiver(initial: Answer = status(200)): Promise<Receiver> {
  let answer = initial;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      const one = { method, path, headers, body, port: request.socket.remotePort ?? 0 };
      received.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer: (with_) => {
      answer = with_;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
