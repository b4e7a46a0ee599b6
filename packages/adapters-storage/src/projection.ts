import { conversationTimeline, never, noticeItemOf, placeOf } from '@recalld/domain';
import type {
  ConversationEvent,
  MessageSent,
  Recorded,
  RecordedEvent,
  StreamId,
  TimelineId,
  UserId,
} from '@recalld/domain';
import { flagBits } from './items.js';
import type { TimelineItemsTable } from './schema.js';
import { noWatermarks } from './watermarks.js';
import type { Watermarks } from './watermarks.js';

/** One change of a read model that follows from the log. A closed set: engines only carry them out. */
export type RowChange =
  | {
      readonly kind: 'addItem';
      readonly timeline: TimelineId;
      readonly row: Omit<TimelineItemsTable, 'timeline_no'>;
    }
  | {
      readonly kind: 'endMessage';
      /** Of the message. */
      readonly stream: StreamId;
      readonly state: 'recalled' | 'expired';
    }
  | {
      readonly kind: 'raiseWatermarks';
      readonly user: UserId;
      readonly timeline: TimelineId;
      /** 0 raises none. */
      readonly watermarks: Watermarks;
    }
  | {
      readonly kind: 'deleteMessages';
      readonly user: UserId;
      readonly timeline: TimelineId;
      readonly messageSeqs: readonly number[];
    };

/** What a recorded event changes in the read models. Pure: the same log gives the same rows. */
export function project(event: RecordedEvent): readonly RowChange[] {
  switch (event.type) {
    case 'MessageSent':
      return [withMessage(event)];
    case 'MessageRecalled': {
      const end: RowChange = { kind: 'endMessage', stream: event.stream, state: 'recalled' };
      return event.data.held ? [...withNotice(event), end] : withNotice(event);
    }
    case 'MessageExpired':
      return [{ kind: 'endMessage', stream: event.stream, state: 'expired' }];
    case 'MessageAcknowledged':
      return withNotice(event);
    case 'ConversationDeleted':
    case 'ConversationRead':
    case 'RoamingDeleted':
      return [...withNotice(event), ...withConversation(event)];
    case 'AttachmentPurged':
    case 'SessionsEnded':
    case 'RecallPolicyChanged':
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
    case 'CallbackRuleTested':
      return [];
    default:
      return never(event);
  }
}

function withMessage(event: Recorded<MessageSent>): RowChange {
  const { timeline, position } = placeOf(event);
  const { from, contentKind, sentAt, expiresAt, flags } = event.data;
  const row = {
    position,
    kind: 'message',
    event_position: event.position,
    message_seq: event.messageSeq ?? null,
    author: from,
    content_kind: contentKind,
    sent_at: sentAt,
    expires_at: expiresAt,
    state: 'live',
    flags: flagBits(flags),
  } as const;
  return { kind: 'addItem', timeline, row };
}

/** The notice that an event puts into a timeline, if it does. */
function withNotice(event: RecordedEvent): readonly RowChange[] {
  const notice = noticeItemOf(event);
  if (notice === undefined) return [];
  const { timeline, position, kind, eventPosition, author, sentAt } = notice;
  const row = {
    position,
    kind,
    event_position: eventPosition,
    message_seq: null,
    author,
    content_kind: null,
    sent_at: sentAt,
    expires_at: null,
    state: 'live',
    flags: 0,
  } as const;
  return [{ kind: 'addItem', timeline, row }];
}

/** Each event of a conversation makes its row, if only to say that nothing is raised. */
function withConversation(event: Recorded<ConversationEvent>): readonly RowChange[] {
  const { user, kind, channel } = event.data;
  const timeline = conversationTimeline(user, kind, channel);
  const raise: RowChange = { kind: 'raiseWatermarks', user, timeline, watermarks: watermarksOf(event) };
  if (event.type !== 'RoamingDeleted' || event.data.deleted.by === 'time') return [raise];
  const messageSeqs = event.data.deleted.messages.map(({ messageSeq }) => messageSeq);
  return [raise, { kind: 'deleteMessages', user, timeline, messageSeqs }];
}

function watermarksOf(event: Recorded<ConversationEvent>): Watermarks {
  switch (event.type) {
    case 'ConversationDeleted': {
      const { throughSeq, roaming } = event.data;
      return {
        ...noWatermarks,
        list_through: throughSeq,
        roam_through: roaming === 'deleted' ? throughSeq : 0,
      };
    }
    case 'ConversationRead':
      return { ...noWatermarks, read_through: event.data.throughSeq };
    case 'RoamingDeleted': {
      const { deleted } = event.data;
      if (deleted.by === 'ids') return noWatermarks;
      return { ...noWatermarks, roam_sent_through: deleted.sentThrough, roam_sent_seq: deleted.throughSeq };
    }
    default:
      return never(event);
  }
}
