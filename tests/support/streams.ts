import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** One event of a stream, or of the answer of a long poll. */
export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OpenStream {
  readonly status: number;
  /** Everything that came so far but `ready`, in order. */
  readonly events: readonly StreamEvent[];
  /** Where a client would come back to. */
  lastId(): string | undefined;
  /** Resolves when the server has ended or broken off the stream. */
  readonly ended: Promise<void>;
  /** Reads nothing more, and keeps the connection. */
  stall(): void;
  leave(): void;
}

/** Opens a stream; resolves when its first block has come, or an answer that is no stream. */
export async function openStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<OpenStream> {
  const asked = request(url, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject).end();
  });
  asked.on('error', () => undefined);
  const events: StreamEvent[] = [];
  let lastId: string | undefined;
  let text = '';
  const ended = new Promise<void>((resolve) => response.once('close', resolve).on('error', () => undefined));
  await new Promise<void>((resolve) => {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const read = parsed(block);
        lastId = read.id ?? lastId;
        if (read.event !== undefined && read.event !== 'ready') events.push(read as StreamEvent);
        resolve();
      }
    });
    void ended.then(resolve);
  });
  return {
    status: response.statusCode ?? 0,
    events,
    lastId: () => lastId,
    ended,
    stall: () => void response.pause(),
    leave: () => void asked.destroy(),
  };
}

function parsed(block: string): { readonly id?: string; readonly event?: string; readonly data: unknown } {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]),
  );
  return { ...fields, data: JSON.parse(fields['data'] ?? '{}') };
}
