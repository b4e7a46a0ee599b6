import type { ChatRef } from '../chat/chat.js';
import type { AppNo, Instant, ItemId, MsgId, Position, UserId } from '../kernel/ids.js';
import type { TimelineId } from '../kernel/stream.js';
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
  readonly originDevice: string | null;
  readonly chat: ChatRef;
  readonly sentAt: Instant;
  readonly audience: Audience;
  readonly flags: ItemFlags;
}

/** A message in its timeline. A recalled or expired one keeps its place and loses its body. */
export interface MessageItem extends ItemBase {
  readonly kind: 'message';
  readonly messageSeq: number;
  readonly contentKind: ContentKind;
  readonly expiresAt: Instant | null;
  readonly state: 'live' | 'recalled' | 'expired';
}

/** The notice that a message was recalled: what devices get. */
export interface RecallItem extends ItemBase {
  readonly kind: 'recall';
  readonly recalledId: MsgId;
  /** The sender of the recalled message: `receivers` notices skip this user's devices. */
  readonly messageAuthor: UserId;
}

export type Item = MessageItem | RecallItem;
