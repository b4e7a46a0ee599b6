import type { Instant, Position } from '../kernel/ids.js';

/** One rebuild of the read models, as far as it has come. */
export interface Rebuild {
  readonly startedAt: Instant;
  /** The log up to here has been gone through. */
  readonly position: Position;
  /** Where in the log it ends; moves on once, by what was being written meanwhile. */
  readonly through: Position;
  /** Rows that were not as they follow from the log, and are now. */
  readonly changed: number;
  /** Null while it is under way. */
  readonly finishedAt: Instant | null;
}

/**
 * What lists and histories are read from, made anew from the log while everybody goes on reading and
 * writing. Rows are put right in place, one range of the log after the other: what is right stays.
 */
export interface ReadModels {
  /** Begins a rebuild; answers the one under way instead when there is one. On disk when it resolves. */
  start(now: Instant): Promise<Rebuild>;
  /**
   * Takes the rebuild under way one step further, in one transaction: at most `limit` events or rows.
   * Answers whether there is more to do. A step that two nodes take at once is taken one after the other.
   */
  step(now: Instant, limit: number): Promise<boolean>;
  /** The last rebuild, whether it is under way or not; undefined when there was none. */
  state(): Promise<Rebuild | undefined>;
}
