import type { DomainEvent, RecordedEvent } from '../events.js';
import { assert } from '../kernel/assert.js';
import type { Recorded } from '../kernel/event.js';
import type { ItemId } from '../kernel/ids.js';
import type { MessageRecalled, MessageSent } from '../message/message.js';
import type { Item, MessageItem, RecallItem } from './item.js';

/** The item that an event puts into a timeline, whose body it may bring; other events put none. */
export function itemIdOf(event: DomainEvent): ItemId | undefined {
  switch (event.type) {
    case 'MessageSent':
      return event.data.msgId;
    case 'MessageRecalled':
      return event.data.recallId;
    default:
      return undefined;
  }
}

/** Where the item of an event stands. */
export function placeOf(event: RecordedEvent): Pick<Item, 'timeline' | 'position'> {
  const { timeline, timelinePosition: position } = event;
  assert(
    timeline !== undefined && position !== undefined,
    `the event at ${event.position} stands in a timeline`,
  );
  return { timeline, position };
}

/** A message's item: its event, and what became of it. */
export function messageItemOf(event: Recorded<MessageSent>, state: MessageItem['state']): MessageItem {
  const { from, contentKind, expiresAt, flags, msgId, chat, sentAt, originDevice } = event.data;
  const { app, messageSeq, position: eventPosition } = event;
  assert(messageSeq !== undefined, `the message at ${eventPosition} has a MsgSeq`);
  return {
    kind: 'message',
    app,
    ...placeOf(event),
    itemId: msgId,
    eventPosition,
    author: from,
    originDevice,
    chat,
    sentAt,
    audience: 'all',
    flags,
    messageSeq,
    contentKind,
    expiresAt,
    state,
  };
}

/** The notice that a recall makes. */
export function recallItemOf(event: Recorded<MessageRecalled>): RecallItem {
  const { msgId, recallId, from, by, chat, audience, originDevice } = event.data;
  return {
    kind: 'recall',
    app: event.app,
    ...placeOf(event),
    itemId: recallId,
    eventPosition: event.position,
    author: by,
    originDevice,
    chat,
    sentAt: event.occurredAt,
    audience,
    flags: {},
    recalledId: msgId,
    messageAuthor: from,
  };
}
