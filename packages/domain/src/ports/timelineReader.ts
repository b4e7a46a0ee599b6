import type { ChatKind } from '../chat/chat.js';
import type { AppNo, Instant, UserId } from '../kernel/ids.js';
import type { ConversationKind, TimelineId } from '../kernel/stream.js';
import type { ContentKind } from '../message/content.js';
import type { Item, MessageItem } from '../timeline/item.js';

/** An opaque place in a list, made by the reader that gave it. */
export type Cursor = string;

export interface Page<T> {
  readonly entities: readonly T[];
  /** Where the next page starts; absent on the last one. */
  readonly cursor?: Cursor;
}

export interface RoamingQuery {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly user: UserId;
  readonly from?: Cursor;
  /** `newestFirst` walks back through history, `oldestFirst` forward; by the time of sending. */
  readonly order: 'newestFirst' | 'oldestFirst';
  readonly limit: number;
  /** Left out: all kinds. */
  readonly contentKinds?: readonly ContentKind[];
  /** Inclusive bounds of the time of sending. */
  readonly sentFrom?: Instant;
  readonly sentThrough?: Instant;
  readonly now: Instant;
}

/** One user's view of a chat, as the conversation list shows it. */
export interface ConversationView {
  readonly kind: ConversationKind;
  /** The peer's id, or the group's. */
  readonly channel: string;
  readonly timeline: TimelineId;
  /** The newest message that the user may see; absent when all of them were recalled or expired. */
  readonly lastMessage?: MessageItem;
  /** When the newest message was sent, recalled and expired ones included: a recall moves nothing in the list. */
  readonly lastMessageAt: Instant;
  /** Visible messages of others after the last one read. */
  readonly unread: number;
}

/** A chat as one of its users calls it. */
export interface ChatView {
  readonly kind: ChatKind;
  /** The peer's id, or the group's or room's. */
  readonly channel: string;
}

export interface TimelineReader {
  /** One page of history as `visible` allows it for roaming. A cursor that it never gave reads as the start. */
  roaming(query: RoamingQuery): Promise<Page<Item & { readonly kind: 'message' }>>;
  /** The user's conversations, the one with the newest message first. Deleted ones are absent until a new message. */
  conversations(q: {
    readonly app: AppNo;
    readonly user: UserId;
    readonly from?: Cursor;
    readonly limit: number;
    readonly now: Instant;
  }): Promise<Page<ConversationView>>;
  /** The chats that a user has or had a part in and that have something in them, by name, listed or not. */
  chats(q: {
    readonly app: AppNo;
    readonly user: UserId;
    readonly from?: Cursor;
    readonly limit: number;
  }): Promise<Page<ChatView>>;
  /** Unread messages of all the user's one-to-one conversations together. */
  unreadOneToOne(app: AppNo, user: UserId, now: Instant): Promise<number>;
}
