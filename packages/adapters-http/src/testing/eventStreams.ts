import type { AddressInfo } from 'node:net';
import type { EasemobServer } from './easemobServer.js';

/** One block of an event stream; `event` is undefined for one that only moves the id on. */
export interface Heard {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface Listening {
  readonly status: number;
  readonly headers: Headers;
  /** The next block; undefined when the stream has ended. @throws when it broke off. */
  next(): Promise<Heard | undefined>;
  leave(): void;
}

/** Asks for a stream as a client would, over a real connection; the server listens from the first time on. */
export async function listen(
  { server }: Pick<EasemobServer, 'server'>,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Listening> {
  if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: leaving.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    status: response.status,
    headers: response.headers,
    leave: () => leaving.abort(),
    async next() {
      for (;;) {
        const [block, ...rest] = text.split('\n\n');
        if (block !== undefined && rest.length > 0) {
          text = rest.join('\n\n');
          return parsed(block);
        }
        const { value } = (await reader?.read()) ?? {};
        if (value === undefined) return undefined;
        text += value;
      }
    },
  };
}

function parsed(block: string): Heard {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return {
    id: field('id'),
    event: field('event'),
    data: JSON.parse(field('data') ?? '{}') as Record<string, unknown>,
  };
}
