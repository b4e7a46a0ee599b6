import type { Item } from '@recalld/domain';
import type { Generated } from 'kysely';
import type {
  AttachmentChunksTable,
  AttachmentKeysTable,
  AttachmentLabelsTable,
  AttachmentRefsTable,
  AttachmentsTable,
  AttachmentUploadsTable,
} from './attachmentTables.js';
import type {
  CallbackRulesTable,
  CallbackRuleVersionsTable,
  DeliveriesTable,
  DeliveryAttemptsTable,
  RedeliveryJobsTable,
} from './callbackTables.js';
import type { DeviceCursorsTable, DevicesTable, FormerUsersTable, RetryKeysTable } from './deviceTables.js';

/**
 * The tables, as Kysely sees them. Times are ms since 1970, flags and booleans whole numbers, ids of
 * messages decimal text. Message content is in `bodies.payload` alone: no other column, and no index,
 * ever holds any. Tables of PostgreSQL alone say so.
 */
export interface Schema {
  migrations: { version: number; name: string; applied_at: number };
  apps: AppsTable;
  events: EventsTable;
  bodies: BodiesTable;
  body_keys: BodyKeysTable;
  erased_tables: ErasedTablesTable;
  log_floor: LogFloorTable;
  timelines: TimelinesTable;
  timeline_items: TimelineItemsTable;
  conversations: ConversationsTable;
  roaming_deletions: RoamingDeletionsTable;
  users: UsersTable;
  former_users: FormerUsersTable;
  devices: DevicesTable;
  device_cursors: DeviceCursorsTable;
  retry_keys: RetryKeysTable;
  chats: ChatsTable;
  restraints: RestraintsTable;
  members: MembersTable;
  attachments: AttachmentsTable;
  attachment_labels: AttachmentLabelsTable;
  attachment_refs: AttachmentRefsTable;
  attachment_chunks: AttachmentChunksTable;
  attachment_keys: AttachmentKeysTable;
  /** PostgreSQL alone. Uploads of which it is not known yet that an attachment names them. */
  attachment_uploads: AttachmentUploadsTable;
  callback_rules: CallbackRulesTable;
  callback_rule_versions: CallbackRuleVersionsTable;
  deliveries: DeliveriesTable;
  delivery_attempts: DeliveryAttemptsTable;
  redelivery_jobs: RedeliveryJobsTable;
  /** How far each feed of the log has come. */
  feed_checkpoints: { feed: string; position: number };
  nodes: NodesTable;
  leases: LeasesTable;
  generations: GenerationsTable;
  rate_windows: RateWindowsTable;
  rebuilds: RebuildsTable;
  secrets: { name: string; sealed: string };
}

export interface AppsTable {
  app_no: Generated<number>;
  org: string;
  name: string;
  uuid: string;
  sdk_app_id: number | null;
  client_id: string;
  sealed_client_secret: string;
  sealed_sdk_app_key: string | null;
  sealed_token_key: string;
  token_epoch: number;
  /** JSON; NULL: none. */
  rate_limits: string | null;
  created_at: number;
}

/** The log. Everything below that is marked as rebuilt follows from it. */
export interface EventsTable {
  /** On PostgreSQL from the sequence `event_positions`: the writer takes it, the table has no default. */
  position: Generated<number>;
  /** The stream's day, not the event's: two recalls around midnight must meet in one unique key. */
  stream_day: number;
  app_no: number;
  stream: string;
  version: number;
  type: string;
  /** JSON. */
  data: string;
  actor: string;
  command_id: string;
  occurred_at: number;
  timeline: string | null;
  timeline_position: number | null;
  message_seq: number | null;
}

/** Rows stand in log order and are never deleted one by one; a recall sets the payload to NULL in place. */
export interface BodiesTable {
  /** The position of the event that brought the body. */
  position: number;
  /** The day of the item's id, which PostgreSQL partitions by; 0 in rows of releases that had none. */
  item_day: number;
  app_no: number;
  item_id: string;
  format: string;
  payload: Uint8Array | null;
}

/** PostgreSQL alone. Each body's own key; without its row the body cannot be read any more. */
export interface BodyKeysTable {
  position: number;
  item_day: number;
  /** Of the item's id: keys of a day lie in several tables by its hash. */
  piece: number;
  wrapped: Uint8Array;
}

/** PostgreSQL alone. Partitions of keys from which rows were deleted, and which are to be written anew. */
export interface ErasedTablesTable {
  name: string;
  since: number;
}

/** One row. Positions start after it: a restored copy jumps over those that its predecessor gave out. */
export interface LogFloorTable {
  one: 1;
  position: number;
}

/** The counters that stamp timeline positions and MsgSeq. */
export interface TimelinesTable {
  timeline_no: Generated<number>;
  app_no: number;
  timeline: string;
  head: number;
  messages: number;
  /** Of a pair alone. */
  user_a: string | null;
  user_b: string | null;
}

/**
 * Rebuilt. What queries filter and order by; the rest of an item is read from its event. Rows stand in
 * log order: a batch fills one page, where the order of timelines would touch as many as it has chats.
 */
export interface TimelineItemsTable {
  event_position: number;
  timeline_no: number;
  /** In its timeline. */
  position: number;
  kind: Item['kind'];
  message_seq: number | null;
  author: string;
  content_kind: string | null;
  sent_at: number;
  expires_at: number | null;
  state: 'live' | 'recalled' | 'expired';
  /** Bits of `itemFlags`. */
  flags: number;
}

/** Rebuilt. One user's watermarks, in MsgSeq but for times. */
export interface ConversationsTable {
  app_no: number;
  user: string;
  timeline: string;
  list_through: number;
  roam_through: number;
  /** A time: of the messages up to `roam_sent_seq`, those sent until then are deleted. */
  roam_sent_through: number;
  roam_sent_seq: number;
  read_through: number;
}

/** Rebuilt. Single messages that one user has deleted. */
export interface RoamingDeletionsTable {
  app_no: number;
  user: string;
  timeline: string;
  message_seq: number;
}

export interface UsersTable {
  app_no: number;
  user: string;
  uuid: string;
  nickname: string | null;
  password_hash: string;
  activated: number;
  created_at: number;
  modified_at: number;
}

/** Who may not send where. */
export interface RestraintsTable {
  restraint_no: Generated<number>;
  app_no: number;
  /** By the domain's `restraintScopeText`. */
  scope: string;
  user: string;
  /** Null: until it is lifted. */
  until_at: number | null;
}

export interface ChatsTable {
  app_no: number;
  chat: string;
  kind: 'groupchat' | 'chatroom';
  timeline: string;
  type: string;
  name: string;
  description: string;
  owner: string;
  members_max: number;
  custom: string;
  /** JSON. */
  settings: string;
  created_at: number;
  /** 1: clients may not send to it. */
  disabled: Generated<number>;
  /** Raised whenever somebody joins, leaves or gets another role. */
  members_version: Generated<number>;
}

/** One row for each time that somebody belonged to a chat in which something was said, or belongs to it now. */
export interface MembersTable {
  member_no: Generated<number>;
  app_no: number;
  /** The chat's: a membership is a span of it. */
  timeline: string;
  user: string;
  role: 'owner' | 'admin' | 'member';
  from_position: number;
  /** How many messages the timeline had then; 0 in rows of releases that did not count. */
  from_messages: number;
  through_position: number | null;
}

/** The numbers in ids: whoever holds a row's lease mints with its number. */
export interface NodesTable {
  node_no: number;
  /** No id of this number has a later one. */
  last_second: number;
  owner: string | null;
  lease_until: Generated<number>;
}

/** Work that one node at a time does. */
export interface LeasesTable {
  name: string;
  owner: string;
  until: number;
}

/** How much of a limit was used in its last window. */
export interface RateWindowsTable {
  app_no: number;
  bucket: string;
  window_start: number;
  used: number;
}

/** One row. Each change of an app or a rule raises its number: what is remembered of them is then old. */
export interface GenerationsTable {
  one: 1;
  apps: number;
  rules: number;
}

/** One row, once a rebuild of the read models was begun: the last one. */
export interface RebuildsTable {
  one: 1;
  started_at: number;
  position: number;
  through: number;
  changed: number;
  /** What is gone through now, in this order. */
  stage: 'log' | 'meanwhile' | 'ahead' | 'conversations';
  /** JSON: how far the stage has come that goes through no log. */
  place: string | null;
  finished_at: number | null;
}
