import type { FastifyReply } from 'fastify';
import type { RawAnswer } from '../route.js';
import type { ServerParts } from './deps.js';
import { report } from './refusing.js';
import type { RequestState } from './requestState.js';

/**
 * The parts of an answer, and what nobody else sees of them once the status is out: a fault is logged
 * and breaks the answer off, and so does a reader who takes nothing for too long.
 */
export async function* overseen(
  deps: ServerParts,
  state: RequestState,
  reply: FastifyReply,
  { parts, stalledMs }: { readonly parts: AsyncIterable<Uint8Array> } & Pick<RawAnswer, 'stalledMs'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = parts[Symbol.asyncIterator]();
  try {
    for (;;) {
      const part = await iterator.next().catch((thrown: unknown) => {
        report(deps, state, thrown);
        throw thrown;
      });
      if (part.done === true) return;
      // The next part is asked for when the reader has taken this one.
      const stalled = stalledMs === undefined ? undefined : setTimeout(() => reply.raw.destroy(), stalledMs);
      try {
        yield part.value;
      } finally {
        clearTimeout(stalled);
      }
    }
  } finally {
    await iterator.return?.();
  }
}
