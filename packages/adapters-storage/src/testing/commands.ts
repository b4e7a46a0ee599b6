import { createCommandLoop } from '@recalld/domain';
import type { CommandLoop, CommandStore, StoredContent } from '@recalld/domain';
import {
  idAt,
  immediateTurn,
  planRecalls,
  recallSample,
  sampleInstant,
  sendSample,
} from '@recalld/domain/testing';

/** A loop as the server runs it, without rules. */
export function loopOn(store: CommandStore): CommandLoop {
  let commands = 0;
  const nextCommandId = () => `command ${(commands += 1)}`;
  return createCommandLoop({ store, plan: planRecalls, nextCommandId, nextTurn: immediateTurn });
}

/** The nth message from u1 to u2. */
export function sending(n: number, content?: StoredContent) {
  return sendSample({ msgId: idAt(sampleInstant, n), ...(content === undefined ? {} : { content }) });
}

/** The recall of the nth message. */
export function recalling(n: number, extension: StoredContent | null = null) {
  const recallId = idAt(sampleInstant + 60_000, n);
  return recallSample({ msgId: idAt(sampleInstant, n), recallId, extension });
}
