import type { ChatFacts, ChatKind, Role } from '../chat/chat.js';
import { binds } from '../chat/restraint.js';
import type { Restraint } from '../chat/restraint.js';
import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, AttachmentId, DeviceId, Instant, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { ContentKind, StoredContent } from './content.js';
import type { ItemFlags, Message, MessageSent } from './message.js';

/** Sends one message to one user, group or room. The app's own sending asks nobody whether they exist. */
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
  /** The only members of a group or room that it is for; null: all of them. Of no meaning between two users. */
  readonly directedTo: readonly UserId[] | null;
  /**
   * `app`: the app's admin token. `user`: a client, which sends to groups and rooms that its user is in,
   * and to any user, as far as nobody keeps it from that.
   */
  readonly authority: 'app' | 'user';
  /** Under which a client sends the same message again when it got no answer; unique in the app. null: it never does. */
  readonly retryKey: RetryKey | null;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  readonly now: Instant;
}

/** 1 to `limits.retryKeyBytesMax` bytes. Kept for `limits.retryKeptMs`. */
export type RetryKey = string;

/**
 * In the order in which they are checked: who left the group meanwhile still learns what became of the
 * first try, who is no member learns nothing more of a group, and what binds more comes first.
 * `sentBefore`: under the same key; the port `RetryKeys` knows as which message. `chatDisabled`: for all
 * clients. `mutedEverywhere`: in all chats of the kind. `muted`: in this group or room, whatever role its
 * member has: whoever named an owner or admin meant it. `blocked`: by the receiver, one-to-one only.
 */
export type SendRefusal =
  | 'sentBefore'
  | 'idTaken'
  | 'chatNotFound'
  | 'notMember'
  | 'chatDisabled'
  | 'mutedEverywhere'
  | 'muted'
  | 'blocked';

/** What keeps a client's user from sending; nobody looks for any when the app sends. */
export interface SenderRestraints {
  /** In all chats of the kind. */
  readonly everywhere: Restraint | undefined;
  /** In the group or room, or by the other user. */
  readonly here: Restraint | undefined;
}

export interface SendFacts {
  /** The group or room, when the server knows it. */
  readonly chat: ChatFacts | undefined;
  /** Of the sender in that group or room. */
  readonly role: Role | undefined;
  readonly restraints: SenderRestraints;
  /** What was sent under the command's key. */
  readonly sentBefore: MsgId | undefined;
}

export function sendMessage(
  command: SendMessage,
  state: Message,
  facts: SendFacts,
): Verdict<MessageSent, SendRefusal> {
  if (facts.sentBefore !== undefined && facts.sentBefore !== command.msgId) return refuse('sentBefore');
  if (state.status !== 'unknown') return isEcho(command, state) ? accept() : refuse('idTaken');
  const refusal = command.authority === 'user' ? refusalOfClient(command, facts) : undefined;
  if (refusal !== undefined) return refuse(refusal);
  const { msgId, from, contentKind, attachments, expiresAt, random, origin, originDevice, flags, now } =
    command;
  const directedTo = command.chatKind === 'chat' ? null : command.directedTo;
  const chat = {
    kind: command.chatKind,
    id: command.to,
    ...(facts.chat === undefined ? {} : { groupType: facts.chat.groupType }),
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
      flags: contentKind === 'cmd' ? { ...flags, unlisted: true } : flags,
      ...(directedTo === null ? {} : { directedTo }),
    },
    occurredAt: now,
    actor: from,
  });
}

/** Why a client may not send this to whom it is for; the app's own sending asks nobody (contract A9). */
function refusalOfClient(
  { chatKind, now }: SendMessage,
  { chat, role, restraints }: SendFacts,
): SendRefusal | undefined {
  const isOneToOne = chatKind === 'chat';
  if (!isOneToOne) {
    if (chat === undefined) return 'chatNotFound';
    if (role === undefined) return 'notMember';
    if (chat.disabled) return 'chatDisabled';
  }
  if (binds(restraints.everywhere, now)) return 'mutedEverywhere';
  if (binds(restraints.here, now)) return isOneToOne ? 'blocked' : 'muted';
  return undefined;
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
