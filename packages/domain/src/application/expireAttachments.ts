import type { Instant } from '../kernel/ids.js';
import type { AttachmentBytes, Attachments } from '../ports/attachments.js';
import { countDone, fewAtOnce } from './countDone.js';

export interface ExpireAttachmentsDeps {
  readonly attachments: Attachments;
  readonly bytes: AttachmentBytes;
}

/**
 * Destroys up to `limit` attachments uploaded before an instant, and marks each as expired; answers
 * how many. Bytes go first: after a crash in between, destroying them again does no harm.
 */
export async function expireAttachments(
  deps: ExpireAttachmentsDeps,
  before: Instant,
  limit: number,
): Promise<number> {
  const expirable = await deps.attachments.expirable(before, limit);
  return countDone(expirable, fewAtOnce, async (key) => {
    await deps.bytes.destroy(key.id);
    await deps.attachments.markExpired([key]);
  });
}
