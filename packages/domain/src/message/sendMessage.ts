import type { ChatKind, GroupType } from '../chat/chat.js';
import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, AttachmentId, Instant, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { ContentKind, StoredContent } from './content.js';
import type { ItemFlags, Message, MessageSent } from './message.js';

/** Sends one message to one user, group or room. Sending needs no registered user. */
export interface SendMessage {
  readonly type: 'SendMessage';
  readonly app: AppNo;
  readonly msgId: MsgId;
  readonly from: UserId;
  readonly to: string;
  readonly chatKind: ChatKind;
  readonly content: StoredContent;
  readonly contentKind: ContentKind;
  readonly attachments: readonly AttachmentId[];
  readonly random: number | null;
  /** null: the server keeps it for ever. */
  readonly expiresAt: Instant | null;
  readonly flags: ItemFlags;
  readonly origin: Origin;
  readonly originDevice: string | null;
  readonly now: Instant;
}

export type SendRefusal = 'idTaken';

export interface SendFacts {
  /** Of a group or room that the server knows. */
  readonly groupType: GroupType | undefined;
}

export function sendMessage(
  command: SendMessage,
  state: Message,
  facts: SendFacts,
): Verdict<MessageSent, SendRefusal> {
  if (state.status !== 'unknown') return isEcho(command, state) ? accept() : refuse('idTaken');
  const { msgId, from, contentKind, attachments, expiresAt, random, origin, originDevice, flags, now } =
    command;
  const chat = {
    kind: command.chatKind,
    id: command.to,
    ...(facts.groupType === undefined ? {} : { groupType: facts.groupType }),
  };
  return accept({
    type: 'MessageSent',
    data: {
      msgId,
      from,
      chat,
      contentKind,
      attachments,
      sentAt: now,
      expiresAt,
      random,
      origin,
      originDevice,
      flags,
    },
    occurredAt: now,
    actor: from,
  });
}

/** Whether the message is there because this very command put it there. */
function isEcho(command: SendMessage, state: Message): boolean {
  if (state.status !== 'sent') return false;
  const { from, chat, sentAt } = state.held;
  return (
    from === command.from &&
    chat.kind === command.chatKind &&
    chat.id === command.to &&
    sentAt === command.now
  );
}
