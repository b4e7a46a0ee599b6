import type { Generated } from 'kysely';

// The tables of attachments, as `Schema` names them.

export interface AttachmentsTable {
  app_no: number;
  attachment: string;
  state: 'uploaded' | 'referred' | 'condemned' | 'purged' | 'expired';
  secret_hash: string;
  restricted: number;
  label_no: number;
  size_bytes: number;
  uploaded_at: number;
  condemned_by: string | null;
}

/** NULL once the attachment is condemned or expired. */
export interface AttachmentLabelsTable {
  label_no: Generated<number>;
  file_name: string | null;
  content_type: string | null;
}

export interface AttachmentRefsTable {
  app_no: number;
  attachment: string;
  msg_id: string;
  /** 0 once the message has expired: it keeps the attachment no longer. */
  live: number;
  /** The message's; NULL: never. */
  expires_at: number | null;
}

/** PostgreSQL alone. Ciphertext. */
export interface AttachmentChunksTable {
  /** Names one file: the attachment's own, or one that was made of it. */
  attachment: string;
  /** 0, 1, 2, ... */
  n: number;
  bytes: Uint8Array;
}

/** PostgreSQL alone. */
export interface AttachmentUploadsTable {
  attachment: string;
  stored_at: number;
}

export interface AttachmentKeysTable {
  key_id: string;
  wrapped: Uint8Array;
}
