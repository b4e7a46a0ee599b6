import { condemned, isReadable } from '../../attachment/attachment.js';
import { evolveConversation, conversationTimeline } from '../../conversation/conversation.js';
import type { RecordedEvent } from '../../events.js';
import { assert } from '../../kernel/assert.js';
import type { AppNo, AttachmentId, MsgId } from '../../kernel/ids.js';
import type { MessageRecalled, MessageSent } from '../../message/message.js';
import type { MessageItem, RecallItem } from '../../timeline/item.js';
import { keyOf, timelineRow, watermarks } from './state.js';
import type { AttachmentRow, MemoryState } from './state.js';

type Recorded<T extends RecordedEvent['type']> = Extract<RecordedEvent, { readonly type: T }>;

/** Brings the read models up to one recorded event; timelines were stamped before. */
export function applyEvent(state: MemoryState, event: RecordedEvent): void {
  switch (event.type) {
    case 'MessageSent':
      addMessage(state, event);
      refer(state, event.app, event.data);
      return;
    case 'MessageRecalled':
      addNotice(state, event);
      endMessage(state, event.app, event.data.msgId, 'recalled');
      dropReferences(state, event.app, event.data.msgId);
      return;
    case 'MessageExpired':
      endMessage(state, event.app, event.data.msgId, 'expired');
      return;
    case 'AttachmentPurged':
      purge(state, event.app, event.data.attachment);
      return;
    case 'ConversationDeleted': {
      const { user, kind, channel } = event.data;
      const timeline = conversationTimeline(user, kind, channel);
      const before = watermarks(state, event.app, user, timeline);
      state.conversations.set(keyOf(event.app, user, timeline), evolveConversation(before, event));
      return;
    }
    case 'RecallPolicyChanged':
      return;
  }
}

function stampsOf(event: RecordedEvent): { readonly timeline: string; readonly position: number } {
  const { timeline, timelinePosition } = event;
  assert(timeline !== undefined && timelinePosition !== undefined, `${event.type} stands in a timeline`);
  return { timeline, position: timelinePosition };
}

function addMessage(state: MemoryState, event: Recorded<'MessageSent'>): void {
  const { timeline, position } = stampsOf(event);
  const { msgId, from, chat, contentKind, sentAt, expiresAt, originDevice, flags } = event.data;
  assert(event.messageSeq !== undefined, 'a message has a MsgSeq');
  const item: MessageItem = {
    kind: 'message',
    app: event.app,
    timeline,
    position,
    itemId: msgId,
    eventPosition: event.position,
    author: from,
    originDevice,
    chat,
    sentAt,
    audience: 'all',
    flags,
    messageSeq: event.messageSeq,
    contentKind,
    expiresAt,
    state: 'live',
  };
  const row = timelineRow(state, event.app, timeline);
  state.messages.set(keyOf(event.app, msgId), { timeline: row, index: row.items.length });
  row.items.push(item);
}

function addNotice(state: MemoryState, event: RecordedEvent & MessageRecalled): void {
  const { timeline, position } = stampsOf(event);
  const { msgId, recallId, from, by, chat, audience, originDevice } = event.data;
  const item: RecallItem = {
    kind: 'recall',
    app: event.app,
    timeline,
    position,
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
  timelineRow(state, event.app, timeline).items.push(item);
}

function endMessage(state: MemoryState, app: AppNo, msgId: MsgId, end: 'recalled' | 'expired'): void {
  const place = state.messages.get(keyOf(app, msgId));
  const item = place?.timeline.items[place.index];
  if (place === undefined || item?.kind !== 'message') return;
  place.timeline.items[place.index] = { ...item, state: end };
}

function refer(state: MemoryState, app: AppNo, sent: MessageSent['data']): void {
  for (const id of sent.attachments) {
    const row = state.attachments.get(keyOf(app, id));
    if (row === undefined || !isReadable(row.attachment)) continue;
    row.refs.add(sent.msgId);
    row.attachment = { ...row.attachment, state: 'referred' };
  }
}

function dropReferences(state: MemoryState, app: AppNo, msgId: MsgId): void {
  for (const row of state.attachments.values()) {
    if (row.attachment.app === app && row.refs.delete(msgId)) condemnIfUnreferred(row, msgId);
  }
}

function condemnIfUnreferred(row: AttachmentRow, condemnedBy: MsgId): void {
  if (row.refs.size > 0 || row.attachment.state !== 'referred') return;
  row.attachment = condemned(row.attachment, condemnedBy);
}

function purge(state: MemoryState, app: AppNo, id: AttachmentId): void {
  const row = state.attachments.get(keyOf(app, id));
  if (row?.attachment.state !== 'condemned') return;
  row.attachment = { ...row.attachment, state: 'purged' };
}
