import type { ChatKind, ChatRef, Role } from '../chat/chat.js';
import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { AppNo, DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { StoredContent } from './content.js';
import type { HeldMessage, Message } from './message.js';

// The stream `acknowledgement/{msgId}/{user}`: what one user has said of one message. Event type names
// are the stored format: they never change.

/** What is said of a message: that it arrived on a device, or that it was read. */
export type Ack = 'delivered' | 'read';

/**
 * Tells the author of a message that it arrived or was read. Never refused: what its author knows
 * already, and what somebody says of a message that did not go to them, adds no event.
 */
export interface AcknowledgeMessage {
  readonly type: 'AcknowledgeMessage';
  readonly app: AppNo;
  /** The new id of the notice to the author. */
  readonly ackId: ItemId;
  readonly ack: Ack;
  readonly msgId: MsgId;
  readonly chatKind: ChatKind;
  /** The chat as its reader names it: the peer of a one-to-one chat, else the group or room. */
  readonly to: string;
  readonly by: UserId;
  /** What a reader says with it, as the notice's own body. */
  readonly content: StoredContent | null;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  readonly now: Instant;
}

export type MessageAcknowledged = Event<
  'MessageAcknowledged',
  {
    readonly ackId: ItemId;
    readonly ack: Ack;
    readonly msgId: MsgId;
    readonly by: UserId;
    readonly messageAuthor: UserId;
    readonly chat: ChatRef;
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
  }
>;

/** What a user has said of a message; `read` says `delivered` too. */
export type Acknowledged = 'nothing' | Ack;

export const unacknowledged: Acknowledged = 'nothing';

export function evolveAcknowledged(
  state: Acknowledged,
  { data }: Stamped<MessageAcknowledged>,
): Acknowledged {
  return state === 'read' ? state : data.ack;
}

export interface AcknowledgeFacts {
  readonly message: Message;
  /** Of `by` in the group or room that the request names. */
  readonly role: Role | undefined;
}

export function acknowledgeMessage(
  command: AcknowledgeMessage,
  state: Acknowledged,
  { message, role }: AcknowledgeFacts,
): Verdict<MessageAcknowledged, never> {
  const { ackId, ack, msgId, by, origin, originDevice, now } = command;
  if (state === 'read' || state === ack) return accept();
  // Devices keep what has expired on the server.
  if (message.status !== 'sent' && message.status !== 'expired') return accept();
  if (!hasReceived(command, message.held, role)) return accept();
  const { from: messageAuthor, chat } = message.held;
  return accept({
    type: 'MessageAcknowledged',
    data: { ackId, ack, msgId, by, messageAuthor, chat, origin, originDevice },
    occurredAt: now,
    actor: by,
  });
}

/** Whether `by` is somebody else whom the message went to, in the chat that the request names, and still is there. */
function hasReceived(command: AcknowledgeMessage, held: HeldMessage, role: Role | undefined): boolean {
  const { by, to, chatKind } = command;
  const { from, chat, directedTo } = held;
  if (chatKind !== chat.kind || by === from) return false;
  if (chat.kind === 'chat') return by === chat.id && to === from;
  return to === chat.id && role !== undefined && directedTo?.includes(by) !== false;
}
