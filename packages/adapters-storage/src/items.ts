import { assert } from '@recalld/domain';
import type { Item, ItemFlags, MessageItem, RecordedEvent } from '@recalld/domain';
import type { TimelineItemsTable } from './schema.js';

/** Flags of an item as bits, so that a query can ask for them. */
export const itemFlags = { noRoam: 1, onlineOnly: 2, imported: 4 } as const;

export function flagBits(flags: ItemFlags): number {
  return (
    (flags.noRoam === true ? itemFlags.noRoam : 0) |
    (flags.onlineOnly === true ? itemFlags.onlineOnly : 0) |
    (flags.imported === true ? itemFlags.imported : 0)
  );
}

type Sent = Extract<RecordedEvent, { readonly type: 'MessageSent' }>;

/** A message's item: its event, and what became of it. */
export function messageItem(event: RecordedEvent, state: TimelineItemsTable['state']): MessageItem {
  assert(event.type === 'MessageSent', `the item at ${event.position} is a message`);
  const { from, contentKind, expiresAt, flags, msgId, chat, sentAt, originDevice } = event.data;
  return {
    kind: 'message',
    app: event.app,
    ...placeOf(event),
    itemId: msgId,
    eventPosition: event.position,
    author: from,
    originDevice,
    chat,
    sentAt,
    audience: 'all',
    flags,
    messageSeq: seqOf(event),
    contentKind,
    expiresAt,
    state,
  };
}

function seqOf(event: Sent): number {
  assert(event.messageSeq !== undefined, `the message at ${event.position} has a MsgSeq`);
  return event.messageSeq;
}

/** Where the item of an event stands. */
export function placeOf(event: RecordedEvent): Pick<Item, 'timeline' | 'position'> {
  const { timeline, timelinePosition } = event;
  assert(
    timeline !== undefined && timelinePosition !== undefined,
    `the event at ${event.position} stands in a timeline`,
  );
  return { timeline, position: timelinePosition };
}
