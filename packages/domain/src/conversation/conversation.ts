import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { ChatKind } from '../chat/chat.js';
import type { DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { ConversationKind, TimelineId } from '../kernel/stream.js';
import { timelineOf } from '../message/message.js';

// The stream `conversation/{user}/{kind}/{channel}`: one user's view of a chat. What is deleted there is
// deleted for that user only. Event type names are the stored format: they never change.

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

/** What goes from a user's roaming of one chat. */
export type DeletedRoaming =
  | {
      readonly by: 'time';
      /** Messages sent until then, inclusive, as far as they are among the first `throughSeq`. */
      readonly sentThrough: Instant;
      readonly throughSeq: number;
    }
  | {
      readonly by: 'ids';
      readonly messages: readonly { readonly msgId: MsgId; readonly messageSeq: number }[];
    };

export type RoamingDeleted = Event<
  'RoamingDeleted',
  {
    readonly user: UserId;
    /** Chat rooms have roaming, though they are in no list. */
    readonly kind: ChatKind;
    /** The peer's id, or the group's or room's. */
    readonly channel: string;
    readonly deleted: DeletedRoaming;
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
    /** The notice to the user's other devices; left out: they are not told. */
    readonly noticeId?: ItemId;
  }
>;

export type ConversationEvent = ConversationDeleted | ConversationRead | RoamingDeleted;

/** What of a chat a user has deleted; watermarks are in MsgSeq, 0 is before the first message. */
export interface Deletions {
  /** No longer in the list. */
  readonly listThrough: number;
  /** No longer in roaming, and so in no list. */
  readonly roamThrough: number;
  /** Of the messages up to `roamSentSeq`, those sent until `roamSentThrough` are not in roaming either. */
  readonly roamSentThrough: Instant;
  readonly roamSentSeq: number;
  /** The MsgSeqs of single messages that are not in roaming. */
  readonly deletedSeqs: ReadonlySet<number>;
}

export interface Conversation extends Deletions {
  readonly readThrough: number;
}

export const untouchedConversation: Conversation = {
  listThrough: 0,
  roamThrough: 0,
  roamSentThrough: 0,
  roamSentSeq: 0,
  deletedSeqs: new Set(),
  readThrough: 0,
};

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
    case 'RoamingDeleted':
      return withoutRoaming(state, event.data.deleted);
    default:
      return never(event);
  }
}

function withoutRoaming(state: Conversation, deleted: DeletedRoaming): Conversation {
  if (deleted.by === 'time') {
    return {
      ...state,
      roamSentThrough: Math.max(state.roamSentThrough, deleted.sentThrough),
      roamSentSeq: Math.max(state.roamSentSeq, deleted.throughSeq),
    };
  }
  const more = deleted.messages.map(({ messageSeq }) => messageSeq);
  return { ...state, deletedSeqs: new Set([...state.deletedSeqs, ...more]) };
}

/** The timeline that a user's conversation looks at. */
export function conversationTimeline(user: UserId, kind: ChatKind, channel: string): TimelineId {
  return timelineOf(user, { kind, id: channel });
}
