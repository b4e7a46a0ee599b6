import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, DeviceId, Instant, ItemId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { ConversationKind } from '../kernel/stream.js';
import type { Conversation, ConversationDeleted } from './conversation.js';

/** Deletes one user's view of a chat, with or without its roaming. Never refused: it is idempotent and blind. */
export interface DeleteConversation {
  readonly type: 'DeleteConversation';
  readonly app: AppNo;
  readonly user: UserId;
  readonly kind: ConversationKind;
  readonly channel: string;
  readonly deleteRoaming: boolean;
  readonly origin: Origin;
  readonly originDevice: DeviceId | null;
  /** The new id of the notice to the user's other devices; null: they are not told. */
  readonly noticeId: ItemId | null;
  readonly by: UserId;
  readonly now: Instant;
}

export interface DeleteConversationFacts {
  /** Messages in the chat so far; the deletion claims no more. */
  readonly messages: number;
}

export function deleteConversation(
  command: DeleteConversation,
  state: Conversation,
  facts: DeleteConversationFacts,
): Verdict<ConversationDeleted, never> {
  const { user, kind, channel, deleteRoaming, origin, originDevice, noticeId, by, now } = command;
  const throughSeq = facts.messages;
  const listDone = state.listThrough >= throughSeq;
  const roamingDone = !deleteRoaming || state.roamThrough >= throughSeq;
  if (listDone && roamingDone) return accept();
  const roaming = deleteRoaming ? 'deleted' : 'kept';
  return accept({
    type: 'ConversationDeleted',
    data: {
      user,
      kind,
      channel,
      throughSeq,
      roaming,
      origin,
      originDevice,
      ...(noticeId === null ? {} : { noticeId }),
    },
    occurredAt: now,
    actor: by,
  });
}
