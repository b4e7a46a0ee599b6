import type { TimelineReader } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { chats } from './chats.js';
import { conversations, unreadOneToOne } from './conversations.js';
import { roaming } from './roaming.js';

export function createTimelineReader(reads: Reads): TimelineReader {
  return {
    roaming: (query) => roaming(reads.db, query),
    conversations: (query) => conversations(reads, query),
    chats: (query) => chats(reads.db, query),
    unreadOneToOne: (app, user, now) => unreadOneToOne(reads, app, user, now),
  };
}
