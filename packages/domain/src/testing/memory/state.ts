import type { Attachment } from '../../attachment/attachment.js';
import type { DeliveryState } from '../../callback/delivery.js';
import type { RedeliveryJob } from '../../callback/redelivery.js';
import type { CallbackRule } from '../../callback/rule.js';
import type { RuleHealth } from '../../callback/suspension.js';
import type { Role } from '../../chat/chat.js';
import type { Conversation } from '../../conversation/conversation.js';
import { untouchedConversation } from '../../conversation/conversation.js';
import type { RecordedEvent } from '../../events.js';
import { assert } from '../../kernel/assert.js';
import type {
  AppNo,
  DeviceId,
  Instant,
  ItemId,
  MsgId,
  Position,
  SessionId,
  UserId,
} from '../../kernel/ids.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { StoredContent } from '../../message/content.js';
import type { RetryKey } from '../../message/sendMessage.js';
import type { App } from '../../ports/apps.js';
import type { ChatProfile } from '../../ports/chats.js';
import type { Attempt } from '../../ports/deliveryQueue.js';
import type { TimelineCursor } from '../../ports/devices.js';
import type { Rebuild } from '../../ports/readModels.js';
import type { RestrainedUser } from '../../ports/restraints.js';
import type { User } from '../../ports/users.js';
import type { RateWindow } from '../../rate-limit/rateLimit.js';
import type { Item } from '../../timeline/item.js';
import type { MembershipSpan } from '../../timeline/visible.js';

/** The ordered log of one chat. */
export interface TimelineRow {
  readonly app: AppNo;
  readonly id: TimelineId;
  /** Counts every item. */
  head: number;
  /** Counts messages: the newest MsgSeq. */
  messages: number;
  readonly items: Item[];
}

/** One time that a user belonged to a group or room. */
export interface MembershipRow {
  readonly app: AppNo;
  /** By `chatKeyText`. */
  readonly chat: string;
  readonly user: UserId;
  role: Role;
  readonly joined: number;
  span: MembershipSpan;
}

export interface DeviceRow {
  readonly app: AppNo;
  readonly user: UserId;
  readonly device: DeviceId;
  platform: string;
  /** Null: it is not connected. */
  session: { readonly id: SessionId; readonly node: string } | null;
  lastSeenAt: Instant;
  /** The user has begun a session on another device since. */
  superseded: boolean;
  readonly cursors: Map<TimelineId, TimelineCursor>;
}

export interface AttachmentRow {
  attachment: Attachment;
  /** The messages that refer to it, and until when each keeps it. */
  readonly refs: Map<MsgId, Instant>;
}

export interface RuleRow {
  readonly id: string;
  readonly app: AppNo;
  /** The current one. */
  version: number;
  readonly versions: Map<number, CallbackRule>;
  removed: boolean;
  health: RuleHealth;
  /** It was suspended or resumed, and nobody has said yet that its owner knows. */
  untold: boolean;
}

export interface DeliveryRow {
  readonly id: string;
  readonly app: AppNo;
  /** Counts the deliveries in the order in which they were planned. */
  readonly nth: number;
  /** As it was planned. */
  readonly rule: Pick<CallbackRule, 'id' | 'version'>;
  /** Null: it has no place in a conversation. */
  orderKey: string | null;
  readonly positions: readonly Position[];
  readonly createdAt: Instant;
  readonly attempts: Attempt[];
  state: DeliveryState;
}

export interface RedeliveryRow {
  readonly nth: number;
  job: RedeliveryJob;
  /** Grows with each step of any job: the lowest is the longest ago. */
  turn: number;
  /** How far it came in what it has to look at. */
  cursor: number;
}

/** Who may not send where. */
export interface RestraintRow extends RestrainedUser {
  readonly app: AppNo;
  /** By `restraintScopeText`. */
  readonly scope: string;
}

/** Under which key a message was sent. */
export interface RetryKeyRow {
  readonly app: AppNo;
  readonly key: RetryKey;
  readonly msgId: MsgId;
  readonly sentAt: Instant;
}

/** Everything that a memory storage holds. */
export interface MemoryState {
  /** The whole log: the event at index n has position n + 1. */
  readonly events: RecordedEvent[];
  readonly streams: Map<string, readonly RecordedEvent[]>;
  readonly timelines: Map<string, TimelineRow>;
  /** In which timeline a message stands. */
  readonly messages: Map<string, { readonly timeline: TimelineRow; readonly index: number }>;
  readonly bodies: Map<string, StoredContent>;
  readonly conversations: Map<string, Conversation>;
  readonly retryKeys: Map<string, RetryKeyRow>;
  /** In the order in which they were imposed. */
  restraints: readonly RestraintRow[];
  readonly chats: Map<string, ChatProfile>;
  readonly memberships: MembershipRow[];
  readonly attachments: Map<string, AttachmentRow>;
  readonly rules: Map<string, RuleRow>;
  readonly deliveries: DeliveryRow[];
  /** How many deliveries were ever planned. */
  planned: number;
  readonly redeliveries: RedeliveryRow[];
  readonly checkpoints: Map<string, Position>;
  /** The last one. */
  rebuild: Rebuild | undefined;
  readonly leases: Map<string, { readonly owner: string; readonly until: Instant }>;
  readonly apps: App[];
  /** Of each app, by their buckets. */
  readonly rateWindows: Map<AppNo, ReadonlyMap<string, RateWindow>>;
  readonly users: Map<string, User>;
  /** Names of users that were removed, and up to which position what was said is not for who has them now. */
  readonly formerUsers: Map<string, Position>;
  readonly devices: Map<string, DeviceRow>;
  readonly secrets: Map<string, string>;
}

export function emptyState(): MemoryState {
  return {
    events: [],
    streams: new Map(),
    timelines: new Map(),
    messages: new Map(),
    bodies: new Map(),
    conversations: new Map(),
    retryKeys: new Map(),
    restraints: [],
    chats: new Map(),
    memberships: [],
    attachments: new Map(),
    rules: new Map(),
    deliveries: [],
    planned: 0,
    redeliveries: [],
    checkpoints: new Map(),
    rebuild: undefined,
    leases: new Map(),
    apps: [],
    rateWindows: new Map(),
    users: new Map(),
    formerUsers: new Map(),
    devices: new Map(),
    secrets: new Map(),
  };
}

/** A key that no other list of parts has. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}

export function bodyKey(app: AppNo, item: ItemId): string {
  return keyOf(app, item);
}

/** A rule as it is now, or as it was when it was removed. */
export function currentRule(row: RuleRow): CallbackRule {
  const current = row.versions.get(row.version);
  assert(current !== undefined, `rule ${row.id} has a version ${row.version}`);
  return current;
}

/** The timeline's row, made when it was not there yet. */
export function timelineRow(state: MemoryState, app: AppNo, id: TimelineId): TimelineRow {
  const key = keyOf(app, id);
  const known = state.timelines.get(key);
  if (known !== undefined) return known;
  const row: TimelineRow = { app, id, head: 0, messages: 0, items: [] };
  state.timelines.set(key, row);
  return row;
}

export function watermarks(state: MemoryState, app: AppNo, user: UserId, id: TimelineId): Conversation {
  return state.conversations.get(keyOf(app, user, id)) ?? untouchedConversation;
}
