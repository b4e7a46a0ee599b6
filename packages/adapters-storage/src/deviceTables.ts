import type { Generated } from 'kysely';

/** Names of users that were removed. */
export interface FormerUsersTable {
  app_no: number;
  user: string;
  /** What stands in the log up to here is not for who has the name now; 0: nobody has it. */
  through: number;
}

/** The devices of users; a number is never used again. */
export interface DevicesTable {
  device_no: Generated<number>;
  app_no: number;
  user: string;
  device: string;
  platform: string;
  /** What the device has now, and in which process; NULL: it is not connected. */
  session: string | null;
  node: string | null;
  last_seen_at: number;
  /** 1: the user has begun a session on another device since. */
  superseded: number;
}

/** How far a device has come in a timeline; without a row, not at all. */
export interface DeviceCursorsTable {
  device_no: number;
  timeline_no: number;
  position: number;
  messages: number;
}

/** Under which keys clients sent messages, for a while. */
export interface RetryKeysTable {
  app_no: number;
  retry_key: string;
  msg_id: string;
  sent_at: number;
}
