import type { RecordedEvent } from '../events.js';
import type { AppNo, Instant, Position } from '../kernel/ids.js';
import type { StreamId } from '../kernel/stream.js';

/** Reads the log. */
export interface EventLog {
  /** The events of one stream in order of version; empty for an unknown one. */
  ofStream(app: AppNo, stream: StreamId): Promise<readonly RecordedEvent[]>;
  /**
   * Events of all apps after a position, in order: looks at the next `limit` of them and answers those
   * of the types, all when left out. `through` is the last position that it looked at: where to go on.
   */
  read(q: {
    readonly after: Position;
    readonly limit: number;
    readonly types?: readonly RecordedEvent['type'][];
  }): Promise<{ readonly events: readonly RecordedEvent[]; readonly through: Position }>;
  /** The position up to which the log is complete: whatever is committed later stands behind it. */
  horizon(): Promise<Position>;
  /** The last position before the first event that occurred at or after an instant; 0 when there is none before. */
  before(instant: Instant): Promise<Position>;
}
