import { createEmbeddedSignals } from '@recalld/adapters-callbacks';
import type { Storage } from '@recalld/adapters-storage';
import { purgeAttachments, takeBackAgain } from '@recalld/domain';
import type { AttachmentBytes, Clock, LaterEvent, LaterEvents, Position, TakenBack } from '@recalld/domain';
import { createLoop } from '../loop.js';

export interface TakeBackOptions {
  readonly storage: Storage;
  readonly bytes: AttachmentBytes;
  readonly clock: Clock;
  readonly from: LaterEvents;
  /** Where the copy's log ends. */
  readonly after: Position;
  /** Aborted to end it early. */
  readonly interrupted: AbortSignal;
}

/** What a restored copy was told of. */
export interface Tally {
  readonly taken: Readonly<Record<LaterEvent['event']['type'], number>>;
  /** What became of the others. */
  readonly others: Readonly<Record<Exclude<TakenBack, 'taken'>, number>>;
  readonly files: number;
}

const purgedAtOnce = 100;

/**
 * Takes back what was taken back since the copy was made, and waits until nothing of it can be read from any
 * file. @throws when it is interrupted
 */
export async function takeBackSince(options: TakeBackOptions): Promise<Tally> {
  const { storage, bytes, clock, from, after, interrupted } = options;
  const { attachments, timelines, apps, log } = storage;
  // Receivers were told when it happened, and nobody else is there to be told now.
  const loop = createLoop(storage, () => [], storage.ids, createEmbeddedSignals());
  const taken = { MessageRecalled: 0, ConversationDeleted: 0, RoamingDeleted: 0, RecallPolicyChanged: 0 };
  const others = { had: 0, unknown: 0, refused: 0 };
  for await (const later of from.after(after)) {
    interrupted.throwIfAborted();
    const became = await takeBackAgain({ loop, log, timelines, apps }, later);
    became.forEach((what, index) => {
      const type = later[index]?.event.type;
      if (what !== 'taken') others[what] += 1;
      else if (type !== undefined) taken[type] += 1;
    });
  }
  let files = 0;
  for (let purged = purgedAtOnce; purged === purgedAtOnce; files += purged) {
    purged = await purgeAttachments({ attachments, bytes, loop, clock }, purgedAtOnce);
  }
  await storage.erasuresDone();
  return { taken, others, files };
}
