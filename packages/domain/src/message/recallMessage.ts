import type { ChatKind, ChatRef, GroupType, Role } from '../chat/chat.js';
import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import { isMsgId, mintedAt } from '../kernel/ids.js';
import type { AppNo, DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { limits } from '../limits.js';
import type { RecallPolicy } from '../recall-policy/recallPolicy.js';
import { withinWindow } from '../recall-policy/recallWindow.js';
import type { StoredContent } from './content.js';
import { isKept } from './message.js';
import type { Audience, HeldMessage, Message, MessageRecalled } from './message.js';

/** Takes one message back for everyone. */
export interface RecallMessage {
  readonly type: 'RecallMessage';
  readonly app: AppNo;
  readonly msgId: MsgId;
  /** The recall's own new id. */
  readonly recallId: ItemId;
  readonly chatKind: ChatKind;
  /** The receiver as the request names it. */
  readonly to: string;
  /** Who recalls: a user's id, or `admin`. */
  readonly by: UserId;
  /** `app`: the app's admin token, no role check. `user`: the author, or by role in a group or room. */
  readonly authority: 'app' | 'user';
  /** What the caller may overlook: the recall window; that the server has no such message (any more). */
  readonly waive: { readonly window: boolean; readonly absence: boolean };
  /** One-to-one only: whether the sender's own devices hear of it (seed 002, `sync_device`). */
  readonly syncSender: boolean;
  /** The extension text, as the notice's own body. */
  readonly extension: StoredContent | null;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  readonly now: Instant;
}

/** In the order in which they are checked. */
export type RecallRefusal =
  | 'serviceDisabled'
  | 'receiverMismatch'
  | 'alreadyRecalled'
  | 'notFound'
  | 'expired'
  | 'chatNotFound'
  | 'notRecallable'
  | 'notPermitted'
  | 'windowElapsed';

export interface RecallFacts {
  readonly policy: RecallPolicy;
  /** Of the group or room that the request names; undefined when the server does not know it. */
  readonly groupType: GroupType | undefined;
  /** Of `by` in that group or room. */
  readonly role: Role | undefined;
}

export function recallMessage(
  command: RecallMessage,
  state: Message,
  facts: RecallFacts,
): Verdict<MessageRecalled, RecallRefusal> {
  if (!facts.policy.enabled) return refuse('serviceDisabled');
  switch (state.status) {
    case 'unknown':
      return recallUnheld(command, facts);
    case 'recalled':
      if (state.recallId === command.recallId) return accept();
      return refuse(names(command, state.chat) ? 'alreadyRecalled' : 'receiverMismatch');
    case 'sent':
    case 'expired':
      return recallHeld(
        command,
        state.held,
        state.status === 'sent' && isKept(state.held, command.now),
        facts,
      );
  }
}

/** A message that the server never had: only a forced recall gets through, with the chat as the request names it. */
function recallUnheld(command: RecallMessage, facts: RecallFacts): Verdict<MessageRecalled, RecallRefusal> {
  const { msgId, chatKind, to, by, now } = command;
  if (!command.waive.absence || !isMsgId(msgId)) return refuse('notFound');
  if (mintedAt(msgId) > now + limits.clockSkewMsMax) return refuse('notFound');
  if (chatKind !== 'chat' && facts.groupType === undefined) return refuse('chatNotFound');
  if (command.authority === 'user') return refuse('notPermitted');
  const chat = {
    kind: chatKind,
    id: to,
    ...(facts.groupType === undefined ? {} : { groupType: facts.groupType }),
  };
  return accept(
    recalled(command, facts, { from: by, chat, held: undefined, audience: audienceOf(command, true) }),
  );
}

function recallHeld(
  command: RecallMessage,
  held: HeldMessage,
  kept: boolean,
  facts: RecallFacts,
): Verdict<MessageRecalled, RecallRefusal> {
  const { by, now, waive } = command;
  const { from, chat } = held;
  if (!names(command, chat)) return refuse('receiverMismatch');
  if (!kept && !waive.absence) return refuse('expired');
  if (held.contentKind === 'cmd') return refuse('notRecallable');
  const permission = permissionOf(command, held, facts.role);
  if (permission === 'none') return refuse('notPermitted');
  const windowWaived = waive.window || permission === 'moderator';
  if (!windowWaived && !withinWindow(facts.policy, held.sentAt, now)) return refuse('windowElapsed');
  // Seed 002: of an expired message only the receivers' copies go, unless the sender asks himself.
  const audience = audienceOf(command, kept || by === from);
  return accept(recalled(command, facts, { from, chat, held, audience }));
}

/** Whether the request names the chat that the message went to; a one-to-one chat by its receiver. */
function names(command: RecallMessage, chat: ChatRef): boolean {
  return command.chatKind === chat.kind && command.to === chat.id;
}

/** Whether `by` may recall: by the app's word, as the author, or as a moderator of the group or room. */
function permissionOf(
  command: RecallMessage,
  held: HeldMessage,
  role: Role | undefined,
): 'app' | 'author' | 'moderator' | 'none' {
  if (command.authority === 'app') return 'app';
  if (command.by === held.from) return 'author';
  return held.chat.kind !== 'chat' && (role === 'owner' || role === 'admin') ? 'moderator' : 'none';
}

function audienceOf(command: RecallMessage, senderMayHear: boolean): Audience {
  if (command.chatKind !== 'chat') return 'all';
  return command.syncSender && senderMayHear ? 'all' : 'receivers';
}

function recalled(
  command: RecallMessage,
  facts: RecallFacts,
  what: { from: UserId; chat: ChatRef; held: HeldMessage | undefined; audience: Audience },
): MessageRecalled {
  const { msgId, recallId, by, waive, origin, originDevice, now } = command;
  return {
    type: 'MessageRecalled',
    data: {
      msgId,
      recallId,
      from: what.from,
      by,
      chat: what.chat,
      forced: waive.absence,
      held: what.held !== undefined,
      messageSeq: what.held?.messageSeq ?? null,
      messageKey: what.held?.messageKey ?? null,
      policyVersion: facts.policy.version,
      origin,
      originDevice,
      audience: what.audience,
      ...(what.held?.directedTo === undefined ? {} : { directedTo: what.held.directedTo }),
    },
    occurredAt: now,
    actor: by,
  };
}
