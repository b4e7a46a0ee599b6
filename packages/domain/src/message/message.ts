import type { AttachmentId, DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import { lowBits } from '../kernel/ids.js';
import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { Origin } from '../kernel/origin.js';
import { groupTimeline, pairTimeline, roomTimeline } from '../kernel/stream.js';
import type { TimelineId } from '../kernel/stream.js';
import type { ChatRef } from '../chat/chat.js';
import type { ContentKind } from './content.js';

// The stream `message/{msgId}`. Event type names are the stored format: they never change.

/** How an item may be read; absent means no. */
export interface ItemFlags {
  /** Never in roaming. */
  readonly noRoam?: true;
  /** Only for devices that are connected when it is sent. */
  readonly onlineOnly?: true;
  /** History brought in from elsewhere: wakes no device, revives no conversation. */
  readonly imported?: true;
  /** Not for the sender's own devices. */
  readonly notToSender?: true;
  /** In no conversation list, and not counted as unread. */
  readonly unlisted?: true;
}

/** Whom a recall notice is for: everybody in the chat, or everybody but the sender's devices. */
export type Audience = 'all' | 'receivers';

export type MessageSent = Event<
  'MessageSent',
  {
    readonly msgId: MsgId;
    readonly from: UserId;
    readonly chat: ChatRef;
    readonly contentKind: ContentKind;
    readonly attachments: readonly AttachmentId[];
    readonly sentAt: Instant;
    /** When the server stops keeping it; null: never. */
    readonly expiresAt: Instant | null;
    /** The tencent dialect's MsgRandom, when the sender gave one. */
    readonly random: number | null;
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
    readonly flags: ItemFlags;
    /** The only members of a group or room that it is for; left out: all of them. */
    readonly directedTo?: readonly UserId[];
  }
>;

export type MessageRecalled = Event<
  'MessageRecalled',
  {
    readonly msgId: MsgId;
    /** The recall's own id: the `msg_id` of its notice and of its callbacks. */
    readonly recallId: ItemId;
    /** The sender of the recalled message; for one that the server never had, as the request says. */
    readonly from: UserId;
    readonly by: UserId;
    readonly chat: ChatRef;
    readonly forced: boolean;
    /** Whether the server ever had the message. */
    readonly held: boolean;
    /** Frozen for callbacks: the message's MsgSeq, and in a one-to-one chat its MsgKey. */
    readonly messageSeq: number | null;
    readonly messageKey: string | null;
    readonly policyVersion: number;
    readonly origin: Origin;
    readonly originDevice: DeviceId | null;
    readonly audience: Audience;
    /** Of a message that was for these members only. */
    readonly directedTo?: readonly UserId[];
  }
>;

export type AttachmentPurged = Event<
  'AttachmentPurged',
  { readonly msgId: MsgId; readonly attachment: AttachmentId }
>;

export type MessageExpired = Event<'MessageExpired', { readonly msgId: MsgId }>;

export type MessageEvent = MessageSent | MessageRecalled | AttachmentPurged | MessageExpired;

/** What decisions need of a message that the server has or had. */
export interface HeldMessage {
  readonly from: UserId;
  readonly chat: ChatRef;
  readonly contentKind: ContentKind;
  readonly attachments: readonly AttachmentId[];
  readonly sentAt: Instant;
  readonly expiresAt: Instant | null;
  /** Undefined only between the decision and the commit of the sending. */
  readonly messageSeq: number | undefined;
  readonly messageKey: string | undefined;
  /** The only members that it was for; undefined: all of them. */
  readonly directedTo: readonly UserId[] | undefined;
}

export type Message =
  | { readonly status: 'unknown' }
  | { readonly status: 'sent'; readonly held: HeldMessage }
  | { readonly status: 'expired'; readonly held: HeldMessage }
  | {
      readonly status: 'recalled';
      readonly recallId: ItemId;
      readonly from: UserId;
      readonly chat: ChatRef;
      readonly purged: readonly AttachmentId[];
    };

export const unknownMessage: Message = { status: 'unknown' };

/** The timeline that a chat's messages and recall notices stand in. */
export function timelineOf(from: UserId, chat: ChatRef): TimelineId {
  switch (chat.kind) {
    case 'chat':
      return pairTimeline(from, chat.id);
    case 'groupchat':
      return groupTimeline(chat.id);
    case 'chatroom':
      return roomTimeline(chat.id);
    default:
      return never(chat.kind);
  }
}

/** The tencent dialect's MsgKey of a one-to-one message: `seq_random_seconds` (contract C5). */
function keyOf(event: Stamped<MessageSent>): string | undefined {
  const { chat, msgId, random, sentAt } = event.data;
  if (chat.kind !== 'chat' || event.messageSeq === undefined) return undefined;
  return `${event.messageSeq}_${random ?? lowBits(msgId)}_${Math.floor(sentAt / 1000)}`;
}

export function evolveMessage(state: Message, event: Stamped<MessageEvent>): Message {
  switch (event.type) {
    case 'MessageSent':
      return { status: 'sent', held: heldOf(event) };
    case 'MessageRecalled': {
      const { recallId, from, chat } = event.data;
      return { status: 'recalled', recallId, from, chat, purged: [] };
    }
    case 'MessageExpired':
      return state.status === 'sent' ? { status: 'expired', held: state.held } : state;
    case 'AttachmentPurged':
      return state.status === 'recalled'
        ? { ...state, purged: [...state.purged, event.data.attachment] }
        : state;
    default:
      return never(event);
  }
}

function heldOf(event: Stamped<MessageSent>): HeldMessage {
  const { from, chat, contentKind, attachments, sentAt, expiresAt, directedTo } = event.data;
  const { messageSeq } = event;
  return {
    from,
    chat,
    contentKind,
    attachments,
    sentAt,
    expiresAt,
    messageSeq,
    messageKey: keyOf(event),
    directedTo,
  };
}

/** Whether the server still keeps a sent message at `now`: expiry is compared, not waited for. */
export function isKept(held: HeldMessage, now: Instant): boolean {
  return (held.expiresAt ?? Infinity) > now;
}
