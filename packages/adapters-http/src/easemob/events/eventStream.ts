import type { Following } from './following.js';
import type { UserEvent } from './userEvents.js';

export interface StreamTimes {
  /** Something is written at least this often, ms, so that both ends notice a dead connection. */
  readonly keepAliveMs: number;
  /** When a client that lost its stream comes back, ms. */
  readonly retryMs: number;
  /** How often it is looked whether the reader's token is still good, ms. */
  readonly permitMs: number;
}

/** Events in one look at the store: what a reader who stalls keeps in memory. */
const eventsPerLook = 50;

/**
 * A user's events as a browser's EventSource reads them. It ends when the reader is to leave or is not
 * permitted any more; the store is looked at again when the reader has taken what was found.
 */
export async function* eventStream(
  following: Following,
  stillPermitted: () => Promise<boolean>,
  { keepAliveMs, retryMs, permitMs }: StreamTimes,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes(`retry: ${retryMs}\n${block('ready', String(following.through()), {})}`);
  let permittedAt = performance.now();
  for (;;) {
    const events = await following.next(eventsPerLook, keepAliveMs);
    if (events === undefined) return;
    if (performance.now() - permittedAt >= permitMs) {
      if (!(await stillPermitted())) return;
      permittedAt = performance.now();
    }
    // An id without data moves on where a client comes back to, and fires nothing.
    if (events.length === 0) yield bytes(`: keep-alive\nid: ${following.through()}\n\n`);
    else for (const each of events) yield bytes(blockOf(each));
  }
}

function blockOf({ id, event, data }: UserEvent): string {
  return block(event, id, data);
}

/** JSON text has no line breaks of its own. */
function block(event: string, id: string, data: object): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
