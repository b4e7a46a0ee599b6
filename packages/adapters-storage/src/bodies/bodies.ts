import type { AppNo, ItemId, Position, StoredContent } from '@recalld/domain';
import { messageStream, streamDay } from '@recalld/domain';
import type { Statements } from '../statements.js';
import type { Request } from '../steps.js';

/** A body on its way into storage. */
export interface NewBody extends StoredContent {
  /** Of the event that brings it. */
  readonly position: Position;
  readonly app: AppNo;
  readonly item: ItemId;
}

/** A body that goes. */
export interface ErasedBody {
  readonly position: Position;
  readonly item: ItemId;
}

/** How bodies lie in a store. */
export interface Bodies {
  put(bodies: readonly NewBody[]): readonly Request[];
  /** After these nobody can read them any more. */
  erase(bodies: readonly ErasedBody[]): readonly Request[];
  /** Those that are there: nothing for an erased one. */
  read(app: AppNo, items: readonly ItemId[]): Promise<ReadonlyMap<ItemId, StoredContent>>;
}

/** Inserts rows of bodies, whatever their payloads are. */
export function bodyInsertion(statements: Statements) {
  return statements.insert('bodies', {
    position: 'whole',
    item_day: 'whole',
    app_no: 'whole',
    item_id: 'text',
    format: 'text',
    payload: 'bytes',
  });
}

/** The day in an item's id: bodies of a day go together. */
export function itemDay(item: ItemId): number {
  return streamDay(messageStream(item));
}
