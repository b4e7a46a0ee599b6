import { assert } from '../kernel/assert.js';
import type { Attachments, AttachmentBytes } from '../ports/attachments.js';
import type { Clock } from '../ports/clock.js';
import type { CommandLoop } from './commandLoop.js';
import { countDone, fewAtOnce } from './countDone.js';
import { submitOne } from './submitOne.js';

export interface PurgeDeps {
  readonly attachments: Attachments;
  readonly bytes: AttachmentBytes;
  readonly loop: CommandLoop;
  readonly clock: Clock;
}

/**
 * Destroys the bytes of up to `limit` condemned attachments, then records each as purged; answers
 * how many. Bytes go first: after a crash in between, destroying them again does no harm.
 */
export async function purgeAttachments(deps: PurgeDeps, limit: number): Promise<number> {
  const condemned = await deps.attachments.condemned(limit);
  return countDone(condemned, fewAtOnce, async ({ app, id, condemnedBy }) => {
    await deps.bytes.destroy(id);
    const outcome = await submitOne<'PurgeAttachment'>(deps.loop, {
      type: 'PurgeAttachment',
      app,
      msgId: condemnedBy,
      attachment: id,
      now: deps.clock.now(),
    });
    assert(outcome.ok, `the purge of attachment ${id} is accepted`);
  });
}
