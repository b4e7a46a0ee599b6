import type { ChatKind, ChatRef } from '../chat/chat.js';
import type { AppNo, DeviceId, Instant, ItemId, MsgId, Position, UserId } from '../kernel/ids.js';
import type { ConversationKind, TimelineId } from '../kernel/stream.js';
import type { Ack } from '../message/acknowledgeMessage.js';
import type { ContentKind } from '../message/content.js';
import type { Audience, ItemFlags } from '../message/message.js';

interface ItemBase {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  /** Grows by one with each item of its timeline. */
  readonly position: number;
  readonly itemId: ItemId;
  /** The event that made the item; its body is stored under the same position. */
  readonly eventPosition: Position;
  readonly author: UserId;
  readonly originDevice: DeviceId | null;
  readonly sentAt: Instant;
}

/** A message in its timeline. A recalled or expired one keeps its place and loses its body. */
export interface MessageItem extends ItemBase {
  readonly kind: 'message';
  readonly chat: ChatRef;
  readonly messageSeq: number;
  readonly contentKind: ContentKind;
  readonly expiresAt: Instant | null;
  readonly state: 'live' | 'recalled' | 'expired';
  readonly flags: ItemFlags;
  /** The only members that it is for, besides its author; left out: all of them. */
  readonly directedTo?: readonly UserId[];
}

/** The notice that a message was recalled: what devices get. */
export interface RecallItem extends ItemBase {
  readonly kind: 'recall';
  readonly chat: ChatRef;
  readonly recalledId: MsgId;
  /** The sender of the recalled message: `receivers` notices skip this user's devices. */
  readonly messageAuthor: UserId;
  readonly audience: Audience;
  /** The only members that the message was for, besides its author; left out: all of them. */
  readonly directedTo?: readonly UserId[];
}

/** The word that a message arrived or was read, in the timeline of the message's author. */
export interface AcknowledgementItem extends ItemBase {
  readonly kind: 'acknowledgement';
  /** Where the message went. */
  readonly chat: ChatRef;
  readonly ack: Ack;
  readonly msgId: MsgId;
  readonly messageAuthor: UserId;
}

/** The word that a user has read a conversation: for its peer, and for the user's other devices. */
export interface ReadItem extends ItemBase {
  readonly kind: 'read';
  readonly conversation: ConversationKind;
  readonly channel: string;
}

/** The word that a user's conversation was deleted, for the user's other devices. */
export interface DeletionItem extends ItemBase {
  readonly kind: 'deletion';
  readonly conversation: ConversationKind;
  readonly channel: string;
  readonly roaming: 'deleted' | 'kept';
}

/** The word that something of a chat was deleted from a user's roaming, for the user's other devices. */
export interface RoamingDeletionItem extends ItemBase {
  readonly kind: 'roamingDeletion';
  readonly conversation: ChatKind;
  readonly channel: string;
}

/** What stands in a timeline. All but messages are notices. */
export type Item = MessageItem | NoticeItem;

export type NoticeItem = RecallItem | AcknowledgementItem | ReadItem | DeletionItem | RoamingDeletionItem;
