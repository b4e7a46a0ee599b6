import { condemned, isReadable } from '../../attachment/attachment.js';
import { evolveConversation, conversationTimeline } from '../../conversation/conversation.js';
import type { RecordedEvent } from '../../events.js';
import { never } from '../../kernel/assert.js';
import type { AppNo, AttachmentId, Instant, MsgId } from '../../kernel/ids.js';
import type { MessageSent } from '../../message/message.js';
import { messageItemOf, noticeItemOf } from '../../timeline/itemOf.js';
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
      dropReferences(state, event);
      return;
    case 'MessageExpired':
      endMessage(state, event.app, event.data.msgId, 'expired');
      weakenReferences(state, event.app, event.data.msgId);
      return;
    case 'AttachmentPurged':
      purge(state, event.app, event.data.attachment);
      return;
    case 'ConversationDeleted':
    case 'ConversationRead':
    case 'RoamingDeleted': {
      addNotice(state, event);
      const { user, kind, channel } = event.data;
      const timeline = conversationTimeline(user, kind, channel);
      const before = watermarks(state, event.app, user, timeline);
      state.conversations.set(keyOf(event.app, user, timeline), evolveConversation(before, event));
      return;
    }
    case 'MessageAcknowledged':
      addNotice(state, event);
      return;
    case 'SessionsEnded':
    case 'RecallPolicyChanged':
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
    case 'CallbackRuleTested':
      return;
    default:
      never(event);
  }
}

function addMessage(state: MemoryState, event: Recorded<'MessageSent'>): void {
  const item = messageItemOf(event, 'live');
  const row = timelineRow(state, event.app, item.timeline);
  state.messages.set(keyOf(event.app, item.itemId), { timeline: row, index: row.items.length });
  row.items.push(item);
}

function addNotice(state: MemoryState, event: RecordedEvent): void {
  const item = noticeItemOf(event);
  if (item !== undefined) timelineRow(state, event.app, item.timeline).items.push(item);
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
    row.refs.set(sent.msgId, sent.expiresAt ?? Infinity);
    row.attachment = { ...row.attachment, state: 'referred' };
  }
}

function dropReferences(state: MemoryState, { app, data, occurredAt }: Recorded<'MessageRecalled'>): void {
  for (const row of state.attachments.values()) {
    const dropped = row.attachment.app === app && row.refs.delete(data.msgId);
    if (dropped) condemnIfUnreferred(row, data.msgId, occurredAt);
  }
}

function weakenReferences(state: MemoryState, app: AppNo, msgId: MsgId): void {
  for (const row of state.attachments.values()) {
    if (row.attachment.app === app && row.refs.has(msgId)) row.refs.set(msgId, 0);
  }
}

function condemnIfUnreferred(row: AttachmentRow, condemnedBy: MsgId, now: Instant): void {
  const isKept = [...row.refs.values()].some((until) => until > now);
  if (isKept || row.attachment.state !== 'referred') return;
  row.attachment = condemned(row.attachment, condemnedBy);
}

function purge(state: MemoryState, app: AppNo, id: AttachmentId): void {
  const row = state.attachments.get(keyOf(app, id));
  if (row?.attachment.state !== 'condemned') return;
  row.attachment = { ...row.attachment, state: 'purged' };
}
