import type { AppNo, AttachmentId, Instant, MsgId } from '../kernel/ids.js';

/**
 * An uploaded file goes one way: uploaded, referred to by messages, condemned when the last message
 * that refers to it is recalled, purged when its bytes are gone. `expired` is the end of one whose
 * retention ran out. Nothing brings a condemned one back.
 */
export type AttachmentState = 'uploaded' | 'referred' | 'condemned' | 'purged' | 'expired';

export interface Attachment {
  readonly app: AppNo;
  readonly id: AttachmentId;
  readonly state: AttachmentState;
  /** SHA-256 of the share-secret, hex; the secret itself is shown once. */
  readonly secretHash: string;
  /** Whether a download needs the share-secret. */
  readonly restricted: boolean;
  /** Both are empty once it is condemned or expired. */
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly uploadedAt: Instant;
  /** The recalled message that took the last reference away. */
  readonly condemnedBy: MsgId | null;
}

/** Whether the bytes may still be downloaded. */
export function isReadable(attachment: Attachment): boolean {
  return attachment.state === 'uploaded' || attachment.state === 'referred';
}

/** What is left of one whose last message was recalled: what a file was called is content too. */
export function condemned(attachment: Attachment, condemnedBy: MsgId): Attachment {
  return { ...attachment, ...nameless, state: 'condemned', condemnedBy };
}

/** What is left of one whose retention ran out. */
export function expired(attachment: Attachment): Attachment {
  return { ...attachment, ...nameless, state: 'expired' };
}

const nameless = { fileName: '', contentType: '' } as const;
