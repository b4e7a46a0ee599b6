import type { ChatKind } from '../chat/chat.js';
import { assert } from '../kernel/assert.js';
import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, DeviceId, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { limits } from '../limits.js';
import { timelineOf } from '../message/message.js';
import type { Message } from '../message/message.js';
import { conversationTimeline } from './conversation.js';
import type { Conversation, DeletedRoaming, RoamingDeleted } from './conversation.js';

/** What is to go: what was sent until then, inclusive, or single messages. */
export type UnwantedRoaming =
  | { readonly by: 'time'; readonly sentThrough: Instant }
  /** At most `limits.roamingDeletionIdsMax`. */
  | { readonly by: 'ids'; readonly msgIds: readonly MsgId[] };

/**
 * Deletes a part of one user's roaming of a chat (contract A6). Never refused: it is idempotent and blind,
 * and passes over ids that are of no message of that chat.
 */
export interface DeleteRoaming {
  readonly type: 'DeleteRoaming';
  readonly app: AppNo;
  readonly user: UserId;
  readonly kind: ChatKind;
  readonly channel: string;
  readonly unwanted: UnwantedRoaming;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  /** The new id of the notice to the user's other devices; null: they are not told. */
  readonly noticeId: ItemId | null;
  readonly by: UserId;
  readonly now: Instant;
}

export interface DeleteRoamingFacts {
  /** Messages in the chat so far; the deletion claims no more. */
  readonly messages: number;
  /** What is known of each of the named messages, in their order. */
  readonly named: readonly Message[];
}

export function deleteRoaming(
  command: DeleteRoaming,
  state: Conversation,
  facts: DeleteRoamingFacts,
): Verdict<RoamingDeleted, never> {
  const { user, kind, channel, origin, originDevice, noticeId, by, now } = command;
  const deleted = deletedBy(command, state, facts);
  if (deleted === undefined) return accept();
  return accept({
    type: 'RoamingDeleted',
    data: {
      user,
      kind,
      channel,
      deleted,
      origin,
      originDevice,
      ...(noticeId === null ? {} : { noticeId }),
    },
    occurredAt: now,
    actor: by,
  });
}

/** What a command deletes of what is still there; undefined: nothing. */
function deletedBy(
  { user, kind, channel, unwanted, now }: DeleteRoaming,
  state: Conversation,
  { messages, named }: DeleteRoamingFacts,
): DeletedRoaming | undefined {
  if (unwanted.by === 'time') {
    // Nothing that is still to come is unwanted: another node's clock may be behind this one's.
    const sentThrough = Math.min(unwanted.sentThrough, now);
    const done = state.roamSentThrough >= sentThrough && state.roamSentSeq >= messages;
    if (done || state.roamThrough >= messages) return undefined;
    return { by: 'time', sentThrough, throughSeq: messages };
  }
  const { msgIds } = unwanted;
  assert(msgIds.length <= limits.roamingDeletionIdsMax, `${msgIds.length} messages are too many`);
  const timeline = conversationTimeline(user, kind, channel);
  const found = new Map<MsgId, number>();
  for (const [index, msgId] of msgIds.entries()) {
    const messageSeq = seqIn(timeline, named[index]);
    if (messageSeq === undefined || messageSeq <= state.roamThrough) continue;
    if (!state.deletedSeqs.has(messageSeq)) found.set(msgId, messageSeq);
  }
  if (found.size === 0) return undefined;
  return { by: 'ids', messages: [...found].map(([msgId, messageSeq]) => ({ msgId, messageSeq })) };
}

/** The MsgSeq of a message that stands in a timeline and can still be read there. */
function seqIn(timeline: string, message: Message | undefined): number | undefined {
  if (message?.status !== 'sent') return undefined;
  const { from, chat, messageSeq } = message.held;
  return timelineOf(from, chat) === timeline ? messageSeq : undefined;
}
