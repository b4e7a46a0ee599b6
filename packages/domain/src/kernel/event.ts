import type { AppNo, CommandId, Instant, Position, UserId } from './ids.js';
import type { StreamId, TimelineId } from './stream.js';

/** The shape of every event: a past-tense type (the stored name), its data, when and by whom. */
export interface Event<T extends string, D> {
  readonly type: T;
  readonly data: D;
  readonly occurredAt: Instant;
  /** Who caused it: a user's id, `admin`, or `recalld` for what the server does by itself. */
  readonly actor: UserId;
}

/** What the store stamps on an event when it commits it; decisions never see these. */
export interface Stamps {
  readonly app: AppNo;
  readonly position: Position;
  readonly stream: StreamId;
  /** 1 for the first event of its stream, without gaps. */
  readonly version: number;
  readonly commandId: CommandId;
  /** The timeline that the event appended an item to, and where. */
  readonly timeline?: TimelineId;
  readonly timelinePosition?: number;
  /** Counted per timeline over messages alone: a group's `MsgSeq`. Only on MessageSent. */
  readonly messageSeq?: number;
}

/** An event as it was decided: before the commit without stamps, from the log with them. */
export type Stamped<E> = E & Partial<Stamps>;

/** An event as it stands in the log. */
export type Recorded<E> = E & Stamps;
