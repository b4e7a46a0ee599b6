import type { ChatKind, ChatRef, Role } from '../chat/chat.js';
import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { Event } from '../kernel/event.js';
import type { AppNo, DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { StoredContent } from './content.js';
import type { HeldMessage, Message } from './message.js';

// The stream `acknowledgement/{ackId}`. Event type names are the stored format: they never change.

/** What is said of a message: that it arrived on a device, or that it was read. */
export type Ack = 'delivered' | 'read';

/** Tells the author of a message that it arrived or was read. Never refused: what makes no sense adds no event. */
export interface AcknowledgeMessage {
  readonly type: 'AcknowledgeMessage';
  readonly app: AppNo;
  /** The acknowledgement's own new id. */
  readonly ackId: ItemId;
  readonly ack: Ack;
  readonly msgId: MsgId;
  readonly chatKind: ChatKind;
  /** The receiver's side of the chat as the request names it: the peer of a one-to-one chat, else the group or room. */
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

/** Whether an acknowledgement was made: by a command that is repeated. */
export interface Acknowledgement {
  readonly made: boolean;
}

export const noAcknowledgement: Acknowledgement = { made: false };

export interface AcknowledgeFacts {
  readonly message: Message;
  /** Of `by` in the group or room that the request names. */
  readonly role: Role | undefined;
}

export function acknowledgeMessage(
  command: AcknowledgeMessage,
  state: Acknowledgement,
  { message, role }: AcknowledgeFacts,
): Verdict<MessageAcknowledged, never> {
  if (state.made || message.status !== 'sent' || !hasReceived(command, message.held, role)) return accept();
  const { ackId, ack, msgId, by, origin, originDevice, now } = command;
  const { from: messageAuthor, chat } = message.held;
  return accept({
    type: 'MessageAcknowledged',
    data: { ackId, ack, msgId, by, messageAuthor, chat, origin, originDevice },
    occurredAt: now,
    actor: by,
  });
}

/** Whether `by` is somebody else whom the message went to, in the chat that the request names. */
function hasReceived(command: AcknowledgeMessage, held: HeldMessage, role: Role | undefined): boolean {
  const { by, to, chatKind } = command;
  const { from, chat } = held;
  if (chatKind !== chat.kind || by === from) return false;
  return chat.kind === 'chat' ? by === chat.id && to === from : to === chat.id && role !== undefined;
}
