import { conversationTimeline, never, placeOf } from '@recalld/domain';
import type { RecordedEvent, StreamId, TimelineId, UserId } from '@recalld/domain';
import { flagBits } from './items.js';
import type { TimelineItemsTable } from './schema.js';

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
      readonly kind: 'moveWatermarks';
      readonly user: UserId;
      readonly timeline: TimelineId;
      readonly listThrough: number;
      readonly roamThrough: number;
    };

/** What a recorded event changes in the read models. Pure: the same log gives the same rows. */
export function project(event: RecordedEvent): readonly RowChange[] {
  switch (event.type) {
    case 'MessageSent':
    case 'MessageRecalled':
      return withItem(event);
    case 'MessageExpired':
      return [{ kind: 'endMessage', stream: event.stream, state: 'expired' }];
    case 'ConversationDeleted': {
      const { user, kind, channel, throughSeq, roaming } = event.data;
      const timeline = conversationTimeline(user, kind, channel);
      const roamThrough = roaming === 'deleted' ? throughSeq : 0;
      return [{ kind: 'moveWatermarks', user, timeline, listThrough: throughSeq, roamThrough }];
    }
    case 'AttachmentPurged':
    case 'RecallPolicyChanged':
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
    case 'CallbackRuleTested':
      return [];
    default:
      return never(event);
  }
}

/** The item that an event puts into a timeline, and what a recall does to the message's own. */
function withItem(
  event: Extract<RecordedEvent, { readonly type: 'MessageSent' | 'MessageRecalled' }>,
): readonly RowChange[] {
  const { timeline, position } = placeOf(event);
  if (event.type === 'MessageSent') {
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
    return [{ kind: 'addItem', timeline, row }];
  }
  const { by, held } = event.data;
  const row = {
    position,
    kind: 'recall',
    event_position: event.position,
    message_seq: null,
    author: by,
    content_kind: null,
    sent_at: event.occurredAt,
    expires_at: null,
    state: 'live',
    flags: 0,
  } as const;
  const notice: RowChange = { kind: 'addItem', timeline, row };
  return held ? [notice, { kind: 'endMessage', stream: event.stream, state: 'recalled' }] : [notice];
}
