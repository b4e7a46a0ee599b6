import type { RecordedEvent } from '../events.js';
import type { AppNo, Position } from '../kernel/ids.js';
import type { StreamId } from '../kernel/stream.js';

/** Reads the log. */
export interface EventLog {
  /** The events of one stream in order of version; empty for an unknown one. */
  ofStream(app: AppNo, stream: StreamId): Promise<readonly RecordedEvent[]>;
  /** Events of all apps after a position, in order of position. */
  after(position: Position, limit: number): Promise<readonly RecordedEvent[]>;
}
