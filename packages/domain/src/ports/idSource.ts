import type { ItemId } from '../kernel/ids.js';

/** Mints ids of messages, recalls, groups and rooms. */
export interface IdSource {
  /**
   * A new id, greater than every id minted before it by this source, also before a restart or while
   * the clock was ahead. @throws when the source has lost its right to mint.
   */
  next(): ItemId;
}
