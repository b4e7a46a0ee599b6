import type { Instant } from '../kernel/ids.js';
import type { Attachments, AttachmentBytes } from '../ports/attachments.js';
import type { Clock } from '../ports/clock.js';
import type { ExpiredMessages } from '../ports/expiredMessages.js';
import type { CommandLoop } from './commandLoop.js';

export interface ExpireMessagesDeps {
  readonly expired: ExpiredMessages;
  readonly loop: CommandLoop;
  readonly clock: Clock;
}

/** Records the expiry of up to `limit` messages whose time ran out, which erases their bodies; answers how many. */
export async function expireMessages(deps: ExpireMessagesDeps, limit: number): Promise<number> {
  const now = deps.clock.now();
  const expired = await deps.expired.list(now, limit);
  await Promise.all(
    expired.map(({ app, msgId }) => deps.loop.submit([{ type: 'ExpireMessage', app, msgId, now }])),
  );
  return expired.length;
}

export interface ExpireAttachmentsDeps {
  readonly attachments: Attachments;
  readonly bytes: AttachmentBytes;
}

/**
 * Destroys up to `limit` attachments uploaded before an instant, then marks them as expired; answers
 * how many. Bytes go first: after a crash in between, destroying them again does no harm.
 */
export async function expireAttachments(
  deps: ExpireAttachmentsDeps,
  before: Instant,
  limit: number,
): Promise<number> {
  const expirable = await deps.attachments.expirable(before, limit);
  await Promise.all(expirable.map(({ id }) => deps.bytes.destroy(id)));
  await deps.attachments.markExpired(expirable);
  return expirable.length;
}
