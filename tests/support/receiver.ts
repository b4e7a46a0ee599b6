import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

export interface ReceivedCallback {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: ReceivedCallback[];
  /** What is answered from now on; a hanging receiver answers nothing before. */
  answer(status: number): void;
  /** Resolves when the condition holds of what was received; fails after the deadline. */
  until(condition: (received: readonly ReceivedCallback[]) => boolean, deadlineMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  readonly hang?: boolean;
  /** Answers with the body that it got. */
  readonly echo?: boolean;
}

/** An app backend's callback receiver, independent of the product's code. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const received: ReceivedCallback[] = [];
  let status = options.hang === true ? undefined : 200;
  let arrived = () => undefined as void;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      received.push({
        url: new URL(request.url ?? '/', 'http://receiver'),
        headers: request.headers,
        text,
        body: JSON.parse(text) as Record<string, unknown>,
      });
      arrived();
      if (status === undefined) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(options.echo === true ? text : '{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callbacks`,
    received,
    answer(next) {
      status = next;
    },
    async until(condition, deadlineMs = 15_000) {
      const deadline = Date.now() + deadlineMs;
      while (!condition(received)) {
        const left = deadline - Date.now();
        if (left <= 0) throw new Error(`not in ${deadlineMs} ms; received ${received.length} callbacks`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          arrived = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
