import type { AppNo, DeviceId, Instant, Position, SessionId, UserId } from '../kernel/ids.js';
import type { TimelineId } from '../kernel/stream.js';
import type { Item } from '../timeline/item.js';

/** Names a device of a user. */
export interface DeviceKey {
  readonly app: AppNo;
  readonly user: UserId;
  readonly device: DeviceId;
}

/**
 * How far a device has come in one timeline: everything up to `position` has arrived there, and
 * `messages` of it, or more, were messages. Both only grow.
 */
export interface TimelineCursor {
  readonly position: number;
  readonly messages: number;
}

export const timelineStart: TimelineCursor = { position: 0, messages: 0 };

/** A device of a user, as others see it. */
export interface DeviceView {
  readonly device: DeviceId;
  /** The session that the device has now, on a node that lives; null: it is not connected. */
  readonly session: SessionId | null;
  readonly platform: string;
  readonly lastSeenAt: Instant;
}

/**
 * Names the process that has a session, among all that ever were. The store knows which of them live; a
 * session is gone with its node.
 */
export type NodeName = string;

/** A session that a device had when it began another one. */
export interface FormerSession {
  readonly session: SessionId;
  readonly node: NodeName;
}

export interface CursorMove extends DeviceKey {
  readonly timeline: TimelineId;
  readonly through: TimelineCursor;
}

/**
 * The devices of users, how far each has come in its user's timelines, and whether it is connected.
 * A device that is not known yet starts where others of the user's devices have come together, at least
 * the few that are connected or were seen last: what no device has, it gets. So a user's very first device
 * gets everything, and one that comes back under another name misses nothing.
 */
export interface Devices {
  /**
   * A device begins a session, which takes the place of the one that it had: `former`, unless that is
   * this one, or gone with its node. `connectedAt` is where the log stood then: whatever is committed later stands behind it, and
   * what is only for connected devices comes after it. A user who would have more than
   * `limits.devicesPerUserMax` devices loses those that are not connected and were seen longest ago; if
   * there are none, those whose session began longest ago.
   */
  begin(
    key: DeviceKey,
    session: {
      readonly session: SessionId;
      readonly node: NodeName;
      readonly platform: string;
      readonly now: Instant;
    },
  ): Promise<{ readonly connectedAt: Position; readonly former: FormerSession | null }>;
  /** Ends sessions, by which their devices were seen last; one whose device has another one by now changes nothing. */
  end(
    sessions: readonly (DeviceKey & { readonly session: SessionId; readonly now: Instant })[],
  ): Promise<void>;
  /**
   * Moves cursors forward, never back and never past the timeline's end; safe from a crash of the process
   * when it resolves. Those of a device or a timeline that is not known are ignored.
   */
  confirm(moves: readonly CursorMove[]): Promise<void>;
  /** The user's devices, the one seen last first. */
  list(app: AppNo, user: UserId): Promise<readonly DeviceView[]>;
  /**
   * Forgets devices that were last seen before an instant, with their cursors, but for those that are
   * connected and the one on which each user began the last session; answers how many, at most `limit`.
   */
  forget(seenBefore: Instant, limit: number): Promise<number>;
}

/** A timeline that has more than a device has got. */
export interface PendingQueue {
  readonly timeline: TimelineId;
  readonly from: TimelineCursor;
  /** Items that the device has not got, those that are not for it included: at least 1. */
  readonly count: number;
}

export interface QueuePage {
  /** What of this stretch is for the device, in order. */
  readonly items: readonly Item[];
  /** Where the next page starts: also behind items that were not for the device. Confirmed, they are not looked at again. */
  readonly next: TimelineCursor;
  /** Whether there may be more. A call looks at a bounded number of items: a page may be empty, and there is more. */
  readonly more: boolean;
}

/** What has not arrived on a device yet. A queue is a timeline from a cursor on; nothing is copied per device. */
export interface DeviceQueues {
  /**
   * The timelines of the device's user that have more than the device has got, as far as the user
   * belonged to them then; the fullest last, at most `limit`. Costs nothing for what they hold, and
   * little for those without news.
   */
  pending(key: DeviceKey, limit: number): Promise<readonly PendingQueue[]>;
  /** What stands in a timeline after a cursor, or after the device's own when it is left out, as `visible` allows it. */
  page(q: {
    readonly key: DeviceKey;
    readonly timeline: TimelineId;
    readonly after?: TimelineCursor;
    readonly connectedAt: Position;
    readonly limit: number;
    readonly now: Instant;
  }): Promise<QueuePage>;
  /**
   * What stands in all of a user's timelines after a position of the log, in the log's order, as `visible` allows
   * it for a device that did nothing itself. `through`: everything up to there was looked at, and whatever is
   * committed later stands behind it; the next page starts there, at once when there is `more`. A page may
   * have fewer items than `limit`, or none, and there is more.
   */
  since(q: {
    readonly app: AppNo;
    readonly user: UserId;
    readonly after: Position;
    /** Where the log stood when the listener connected. */
    readonly connectedAt: Position;
    readonly limit: number;
    readonly now: Instant;
  }): Promise<{ readonly items: readonly Item[]; readonly through: Position; readonly more: boolean }>;
}
