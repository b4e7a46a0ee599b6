import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, AttachmentId, Instant, MsgId } from '../kernel/ids.js';
import type { AttachmentPurged, Message } from './message.js';

/** Records that a condemned attachment's bytes are gone. Submitted after they are. */
export interface PurgeAttachment {
  readonly type: 'PurgeAttachment';
  readonly app: AppNo;
  /** The recalled message that took the last reference away. */
  readonly msgId: MsgId;
  readonly attachment: AttachmentId;
  readonly now: Instant;
}

export type PurgeRefusal = 'notRecalled';

export function purgeAttachment(
  command: PurgeAttachment,
  state: Message,
): Verdict<AttachmentPurged, PurgeRefusal> {
  const { msgId, attachment, now } = command;
  if (state.status !== 'recalled') return refuse('notRecalled');
  if (state.purged.includes(attachment)) return accept();
  return accept({ type: 'AttachmentPurged', data: { msgId, attachment }, occurredAt: now, actor: 'recalld' });
}
