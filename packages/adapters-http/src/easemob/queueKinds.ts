import type { AppNo, ChatKind } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Queue } from './jids.js';

/** What a queue is of: nobody names groups and rooms differently, and what nobody knows is a group. */
export async function kindOfQueue(
  { storage }: Pick<HttpDeps, 'storage'>,
  app: AppNo,
  queue: Queue,
): Promise<ChatKind> {
  if (queue.kind === 'user') return 'chat';
  const [room] = await storage.chats.find(app, [{ kind: 'chatroom', id: queue.id }]);
  return room === undefined ? 'groupchat' : 'chatroom';
}
