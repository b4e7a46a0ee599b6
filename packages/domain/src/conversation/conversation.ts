import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { DeviceId, ItemId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { groupTimeline, pairTimeline } from '../kernel/stream.js';
import type { ConversationKind, TimelineId } from '../kernel/stream.js';

// The stream `conversation/{user}/{kind}/{channel}`: one user's view of a chat. Deleting it touches
// that user only. Event type names are the stored format: they never change.

export type ConversationDeleted = Event<
  'ConversationDeleted',
  {
    readonly user: UserId;
    readonly kind: ConversationKind;
    /** The peer's id, or the group's. */
    readonly channel: string;
    /** Messages up to this MsgSeq are gone from the list; a later one brings it back. */
    readonly throughSeq: number;
    readonly roaming: 'deleted' | 'kept';
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
    /** The notice to the user's other devices; events of the first releases have none. */
    readonly noticeId?: ItemId;
  }
>;

export type ConversationRead = Event<
  'ConversationRead',
  {
    readonly user: UserId;
    readonly kind: ConversationKind;
    /** The peer's id, or the group's. */
    readonly channel: string;
    /** Messages up to this MsgSeq are read. */
    readonly throughSeq: number;
    readonly noticeId: ItemId;
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
  }
>;

export type ConversationEvent = ConversationDeleted | ConversationRead;

/** Watermarks in MsgSeq: what the user no longer sees in the list and in roaming, and what is read. */
export interface Conversation {
  readonly listThrough: number;
  readonly roamThrough: number;
  readonly readThrough: number;
}

export const untouchedConversation: Conversation = { listThrough: 0, roamThrough: 0, readThrough: 0 };

export function evolveConversation(state: Conversation, event: Stamped<ConversationEvent>): Conversation {
  switch (event.type) {
    case 'ConversationDeleted': {
      const { throughSeq, roaming } = event.data;
      return {
        ...state,
        listThrough: Math.max(state.listThrough, throughSeq),
        roamThrough: roaming === 'deleted' ? Math.max(state.roamThrough, throughSeq) : state.roamThrough,
      };
    }
    case 'ConversationRead':
      return { ...state, readThrough: Math.max(state.readThrough, event.data.throughSeq) };
    default:
      return never(event);
  }
}

/** The timeline that a user's conversation looks at. */
export function conversationTimeline(user: UserId, kind: ConversationKind, channel: string): TimelineId {
  return kind === 'chat' ? pairTimeline(user, channel) : groupTimeline(channel);
}
