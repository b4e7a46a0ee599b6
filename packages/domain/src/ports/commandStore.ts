import type { CallbackRule } from '../callback/rule.js';
import type { ChatFacts, ChatKey, Role, RoleKey } from '../chat/chat.js';
import type { Restraint, RestraintKey } from '../chat/restraint.js';
import type { NewEvent, RecordedEvent } from '../events.js';
import type { AppNo, CommandId, ItemId, MsgId } from '../kernel/ids.js';
import type { StreamId, TimelineId } from '../kernel/stream.js';
import type { StoredContent } from '../message/content.js';
import type { RetryKey } from '../message/sendMessage.js';

/** What a decision needs to know, as keys of one app. */
export interface Reads {
  readonly streams: readonly StreamId[];
  readonly chats?: readonly ChatKey[];
  readonly roles?: readonly RoleKey[];
  readonly restraints?: readonly RestraintKey[];
  /** How many messages a timeline had when the batch was read. */
  readonly heads?: readonly TimelineId[];
  /** Whether something was sent under a key before. */
  readonly retryKeys?: readonly RetryKey[];
}

/** {@link Reads} of one app, for a whole batch. */
export interface WantedFacts extends Required<Reads> {
  readonly app: AppNo;
}

/** What the store answers for one app; what it does not know is absent. */
export interface LoadedFacts {
  readonly app: AppNo;
  /**
   * Each in the order of its versions, up to its last event. A conversation's, which is read again and
   * again, may lack readings that a later one outdoes: the others tell as much.
   */
  readonly streams: ReadonlyMap<StreamId, readonly RecordedEvent[]>;
  /** By `chatKeyText`. */
  readonly chats: ReadonlyMap<string, ChatFacts>;
  /** By `roleKeyText`. */
  readonly roles: ReadonlyMap<string, Role>;
  /** By `restraintKeyText`; also those that have ended. */
  readonly restraints: ReadonlyMap<string, Restraint>;
  readonly heads: ReadonlyMap<TimelineId, number>;
  readonly retried: ReadonlyMap<RetryKey, MsgId>;
  /** The app's enabled callback rules. */
  readonly rules: readonly CallbackRule[];
}

/** Events for one stream, appended after version `expected`; 0 for a new stream. */
export interface Append {
  readonly stream: StreamId;
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** The timeline that the events put an item into: those of which `itemIdOf` tells an item. */
  readonly timeline?: TimelineId;
}

/** A body to store with the event that brings it. */
export interface ContentPut {
  /** Index into the unit's events, all appends in a row. */
  readonly event: number;
  readonly content: StoredContent;
}

/** A key that the message of an event is sent under. */
export interface RetryKeyPut {
  /** Index into the unit's events, all appends in a row. */
  readonly event: number;
  readonly key: RetryKey;
}

/** A callback to be made once the unit is on disk; first due when the first of its events occurred. */
export interface DueDelivery {
  readonly rule: Pick<CallbackRule, 'id' | 'version'>;
  /** Indexes into the unit's events, all appends in a row; never empty. */
  readonly events: readonly number[];
  /** The conversation that a delivery of an ordered rule keeps its place in; null: it has no order. */
  readonly orderKey: string | null;
}

/** What one `submit` decided. */
export interface Unit {
  readonly commandId: CommandId;
  readonly app: AppNo;
  readonly appends: readonly Append[];
  readonly puts: readonly ContentPut[];
  /** A commit of a key that is taken already has `moved`. */
  readonly retryKeys: readonly RetryKeyPut[];
  /** Messages whose bodies go in the same transaction. */
  readonly erase: readonly ItemId[];
  readonly deliveries: readonly DueDelivery[];
}

/**
 * `moved`: somebody else appended to one of the streams; nothing was written.
 * `unknown`: the outcome of the commit is not known; read again before deciding again.
 */
export type Committed =
  | { readonly ok: true; readonly recorded: readonly (readonly RecordedEvent[])[] }
  | { readonly ok: false; readonly reason: 'moved' | 'unknown' };

/**
 * The write side: the only port that writes events or content.
 *
 * With the events of a batch the store writes, in one transaction: read models, timeline items
 * (stamping positions and MsgSeq), bodies, erasures, attachment references, due deliveries.
 * Attachments: MessageSent adds a reference to each attachment that exists and is not condemned;
 * MessageRecalled drops the message's references and condemns what none refers to any more;
 * the references of a message that has expired, by its time or by MessageExpired, keep nothing from
 * being condemned; AttachmentPurged moves a condemned one to purged.
 */
export interface CommandStore {
  /** One snapshot of everything that a batch asks for, one entry per app asked for, in that order. */
  load(wanted: readonly WantedFacts[]): Promise<readonly LoadedFacts[]>;
  /**
   * All units or none; on disk when it resolves. `recorded` has one list per unit, in order.
   * @throws a fault of the store; then nothing was written.
   */
  commit(units: readonly Unit[]): Promise<Committed>;
}
