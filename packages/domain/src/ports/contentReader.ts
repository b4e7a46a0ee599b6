import type { AppNo, ItemId } from '../kernel/ids.js';
import type { StoredContent } from '../message/content.js';

export interface ContentReader {
  /** The bodies of items; an erased one is absent. */
  read(app: AppNo, items: readonly ItemId[]): Promise<ReadonlyMap<ItemId, StoredContent>>;
}
