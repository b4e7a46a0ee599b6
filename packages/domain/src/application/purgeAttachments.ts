import type { Attachments, AttachmentBytes } from '../ports/attachments.js';
import type { Clock } from '../ports/clock.js';
import type { CommandLoop } from './commandLoop.js';

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
  await Promise.all(
    condemned.map(async ({ app, id, condemnedBy }) => {
      await deps.bytes.destroy(id);
      const now = deps.clock.now();
      await deps.loop.submit([{ type: 'PurgeAttachment', app, msgId: condemnedBy, attachment: id, now }]);
    }),
  );
  return condemned.length;
}
