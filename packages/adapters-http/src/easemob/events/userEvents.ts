import { recallExtensionOf } from '@recalld/domain';
import type {
  ContentDecoder,
  DeletionItem,
  Item,
  JsonObject,
  MessageItem,
  RecallItem,
  StoredContent,
  UserId,
} from '@recalld/domain';
import { contentOf } from '../previews.js';

/** What a user's stream tells. `id` is a position of the log: where a stream that breaks off is taken up. */
export interface UserEvent {
  readonly id: string;
  readonly event: 'message' | 'recall' | 'conversation_deleted';
  readonly data: JsonObject;
}

/** What items say to their user; nothing of notices that streams do not tell, and of bodies erased meanwhile. */
export function userEventsOf(
  user: UserId,
  items: readonly Item[],
  contents: ReadonlyMap<string, StoredContent>,
  decoder: ContentDecoder,
): readonly UserEvent[] {
  return items.flatMap((item): readonly UserEvent[] => {
    const id = String(item.eventPosition);
    const stored = contents.get(item.itemId);
    switch (item.kind) {
      case 'message':
        return stored === undefined
          ? []
          : [{ id, event: 'message', data: messageData(item, stored, decoder) }];
      case 'recall':
        return [{ id, event: 'recall', data: recallData(item, stored) }];
      case 'deletion':
        return [{ id, event: 'conversation_deleted', data: deletionData(user, item) }];
      case 'acknowledgement':
      case 'read':
      case 'roamingDeletion':
        return [];
    }
  });
}

/** Where a message went, in the fields of the native envelopes. */
function chatFields({ chat }: MessageItem | RecallItem, from: UserId): JsonObject {
  return {
    chat_type: chat.kind,
    from,
    to: chat.id,
    ...(chat.kind === 'chat' ? {} : { group_id: chat.id }),
  };
}

function messageData(item: MessageItem, stored: StoredContent, decoder: ContentDecoder): JsonObject {
  const { bodies, ext } = contentOf(stored, decoder);
  return {
    msg_id: item.itemId,
    ...chatFields(item, item.author),
    timestamp: item.sentAt,
    bodies,
    ext,
    ...(item.flags.onlineOnly === true ? { online_only: true } : {}),
  };
}

function recallData(item: RecallItem, stored: StoredContent | undefined): JsonObject {
  const ext = stored && recallExtensionOf(stored);
  return {
    msg_id: item.recalledId,
    recall_id: item.itemId,
    ...chatFields(item, item.messageAuthor),
    recalled_by: item.author,
    timestamp: item.sentAt,
    ...(ext === undefined ? {} : { ext }),
  };
}

function deletionData(user: UserId, item: DeletionItem): JsonObject {
  const { channel, conversation: type, roaming, sentAt: timestamp } = item;
  return { username: user, channel, type, delete_roam: roaming === 'deleted', timestamp };
}
