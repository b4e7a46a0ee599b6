import type { ConversationDeleted, ConversationRead, RoamingDeleted } from '../conversation/conversation.js';
import type { DomainEvent, RecordedEvent } from '../events.js';
import { assert } from '../kernel/assert.js';
import type { Recorded } from '../kernel/event.js';
import type { ItemId } from '../kernel/ids.js';
import type { MessageAcknowledged } from '../message/acknowledgeMessage.js';
import type { MessageRecalled, MessageSent } from '../message/message.js';
import type {
  AcknowledgementItem,
  DeletionItem,
  Item,
  MessageItem,
  NoticeItem,
  ReadItem,
  RecallItem,
  RoamingDeletionItem,
} from './item.js';

/** The item that an event puts into a timeline, whose body it may bring; other events put none. */
export function itemIdOf(event: DomainEvent): ItemId | undefined {
  switch (event.type) {
    case 'MessageSent':
      return event.data.msgId;
    case 'MessageRecalled':
      return event.data.recallId;
    case 'MessageAcknowledged':
      return event.data.ackId;
    case 'ConversationRead':
    case 'ConversationDeleted':
    case 'RoamingDeleted':
      return event.data.noticeId;
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
  const { from, contentKind, expiresAt, flags, msgId, chat, sentAt, originDevice, directedTo } = event.data;
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
    flags,
    messageSeq,
    contentKind,
    expiresAt,
    state,
    ...(directedTo === undefined ? {} : { directedTo }),
  };
}

/** The notice that an event puts into a timeline; other events, and those of old releases, put none. */
export function noticeItemOf(event: RecordedEvent): NoticeItem | undefined {
  switch (event.type) {
    case 'MessageRecalled':
      return recallItemOf(event);
    case 'MessageAcknowledged':
      return acknowledgementItemOf(event);
    case 'ConversationRead':
      return readItemOf(event);
    case 'ConversationDeleted':
      return deletionItemOf(event);
    case 'RoamingDeleted':
      return roamingDeletionItemOf(event);
    default:
      return undefined;
  }
}

/** Where and when an item stands that an event made. */
function baseOf(event: RecordedEvent) {
  const { app, position: eventPosition, occurredAt: sentAt } = event;
  return { app, ...placeOf(event), eventPosition, sentAt };
}

function recallItemOf(event: Recorded<MessageRecalled>): RecallItem {
  const { msgId, recallId, from, by, chat, audience, originDevice, directedTo } = event.data;
  return {
    kind: 'recall',
    ...baseOf(event),
    itemId: recallId,
    author: by,
    originDevice,
    chat,
    audience,
    recalledId: msgId,
    messageAuthor: from,
    ...(directedTo === undefined ? {} : { directedTo }),
  };
}

function acknowledgementItemOf(event: Recorded<MessageAcknowledged>): AcknowledgementItem {
  const { ackId, ack, msgId, by, messageAuthor, chat, originDevice } = event.data;
  return {
    kind: 'acknowledgement',
    ...baseOf(event),
    itemId: ackId,
    author: by,
    originDevice,
    chat,
    ack,
    msgId,
    messageAuthor,
  };
}

/** What all notices about a user's own conversation say. */
function conversationNotice(
  event: Recorded<ConversationRead | ConversationDeleted | RoamingDeleted>,
  itemId: ItemId,
) {
  const { user, channel, originDevice } = event.data;
  return { ...baseOf(event), itemId, author: user, originDevice, channel };
}

function readItemOf(event: Recorded<ConversationRead>): ReadItem {
  return { kind: 'read', ...conversationNotice(event, event.data.noticeId), conversation: event.data.kind };
}

/** Events of releases that told no devices have no id of a notice. */
function deletionItemOf(event: Recorded<ConversationDeleted>): DeletionItem | undefined {
  const { noticeId, kind, roaming } = event.data;
  if (noticeId === undefined) return undefined;
  return { kind: 'deletion', ...conversationNotice(event, noticeId), conversation: kind, roaming };
}

/** Whoever asks for a deletion may ask that no device is told. */
function roamingDeletionItemOf(event: Recorded<RoamingDeleted>): RoamingDeletionItem | undefined {
  const { noticeId, kind } = event.data;
  if (noticeId === undefined) return undefined;
  return { kind: 'roamingDeletion', ...conversationNotice(event, noticeId), conversation: kind };
}
