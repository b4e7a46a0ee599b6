import type { Position } from '../kernel/ids.js';

/** How far each feed of the log has come; a feed that lost its last steps makes them again. */
export interface FeedCheckpoints {
  /** Undefined for a feed that has not started. */
  read(feed: string): Promise<Position | undefined>;
  /** May go back too. */
  write(feed: string, position: Position): Promise<void>;
}
