import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { UserId } from '../kernel/ids.js';
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
    readonly originDevice: string | null;
  }
>;

export type ConversationEvent = ConversationDeleted;

/** Watermarks in MsgSeq: what the user no longer sees in the list and in roaming. */
export interface Conversation {
  readonly listThrough: number;
  readonly roamThrough: number;
}

export const untouchedConversation: Conversation = { listThrough: 0, roamThrough: 0 };

export function evolveConversation(state: Conversation, event: Stamped<ConversationEvent>): Conversation {
  switch (event.type) {
    case 'ConversationDeleted': {
      const { throughSeq, roaming } = event.data;
      return {
        listThrough: Math.max(state.listThrough, throughSeq),
        roamThrough: roaming === 'deleted' ? Math.max(state.roamThrough, throughSeq) : state.roamThrough,
      };
    }
    default:
      return never(event.type);
  }
}

/** The timeline that a user's conversation looks at. */
export function conversationTimeline(user: UserId, kind: ConversationKind, channel: string): TimelineId {
  return kind === 'chat' ? pairTimeline(user, channel) : groupTimeline(channel);
}
