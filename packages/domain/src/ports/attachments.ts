import type { Attachment } from '../attachment/attachment.js';
import type { AppNo, AttachmentId, Instant, MsgId } from '../kernel/ids.js';

/** What is known of uploaded files. References are counted by the command store alone. */
export interface Attachments {
  add(attachment: Attachment): Promise<void>;
  find(app: AppNo, id: AttachmentId): Promise<Attachment | undefined>;
  /** Condemned ones whose bytes are to be destroyed, oldest first. */
  condemned(
    limit: number,
  ): Promise<readonly { readonly app: AppNo; readonly id: AttachmentId; readonly condemnedBy: MsgId }[]>;
  /** Those uploaded before an instant that may still be downloaded, oldest first. */
  expirable(before: Instant, limit: number): Promise<readonly AttachmentKey[]>;
  /** Ends them as `expired`; a condemned or purged one stays what it is. */
  markExpired(keys: readonly AttachmentKey[]): Promise<void>;
}

/** Names an uploaded file. */
export interface AttachmentKey {
  readonly app: AppNo;
  readonly id: AttachmentId;
}

/** The bytes of uploaded files. */
export interface AttachmentBytes {
  /** Stores a file whole or not at all; answers its size. On disk when it resolves. @throws AttachmentTooLarge past `bytesMax`. */
  put(id: AttachmentId, bytes: AsyncIterable<Uint8Array>, bytesMax: number): Promise<number>;
  /** Undefined when there is no such file. */
  open(id: AttachmentId): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Idempotent: the bytes are gone when it resolves. */
  destroy(id: AttachmentId): Promise<void>;
}

/** Thrown by {@link AttachmentBytes.put}; nothing was stored. */
export class AttachmentTooLarge extends Error {
  override readonly name = 'AttachmentTooLarge';
}
