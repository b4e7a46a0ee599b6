import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, DeviceId, Instant, ItemId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { pairTimeline, userTimeline } from '../kernel/stream.js';
import type { ConversationKind, TimelineId } from '../kernel/stream.js';
import type { Conversation, ConversationRead } from './conversation.js';

/** A user has read everything in a conversation so far. Never refused: it is idempotent and blind. */
export interface ReadConversation {
  readonly type: 'ReadConversation';
  readonly app: AppNo;
  readonly user: UserId;
  readonly kind: ConversationKind;
  readonly channel: string;
  /** The new id of the notice to the peer and to the user's other devices. */
  readonly noticeId: ItemId;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  readonly now: Instant;
}

export interface ReadConversationFacts {
  /** Messages in the chat so far. */
  readonly messages: number;
}

export function readConversation(
  command: ReadConversation,
  state: Conversation,
  { messages }: ReadConversationFacts,
): Verdict<ConversationRead, never> {
  const { user, kind, channel, noticeId, origin, originDevice, now } = command;
  if (state.readThrough >= messages) return accept();
  return accept({
    type: 'ConversationRead',
    data: { user, kind, channel, throughSeq: messages, noticeId, origin, originDevice },
    occurredAt: now,
    actor: user,
  });
}

/** Where the notice stands: a peer wants to know it, the members of a group do not. */
export function readNoticeTimeline(user: UserId, kind: ConversationKind, channel: string): TimelineId {
  return kind === 'chat' ? pairTimeline(user, channel) : userTimeline(user);
}
