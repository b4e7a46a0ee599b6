import { assert, messageItemOf } from '@recalld/domain';
import type { ItemFlags, MessageItem, RecordedEvent } from '@recalld/domain';
import type { TimelineItemsTable } from './schema.js';

/** Flags of an item as bits, so that a query can ask for them. */
export const itemFlags = { noRoam: 1, onlineOnly: 2, imported: 4, unlisted: 8 } as const;

export function flagBits(flags: ItemFlags): number {
  return (
    (flags.noRoam === true ? itemFlags.noRoam : 0) |
    (flags.onlineOnly === true ? itemFlags.onlineOnly : 0) |
    (flags.imported === true ? itemFlags.imported : 0) |
    (flags.unlisted === true ? itemFlags.unlisted : 0)
  );
}

/** The item of a message's row. */
export function messageItem(event: RecordedEvent, state: TimelineItemsTable['state']): MessageItem {
  assert(event.type === 'MessageSent', `the item at ${event.position} is a message`);
  return messageItemOf(event, state);
}
