import type { TimelineReader } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { conversations, unreadOneToOne } from './conversations.js';
import { roaming } from './roaming.js';

export function createTimelineReader(reads: Reads): TimelineReader {
  return {
    roaming: (query) => roaming(reads.db, query),
    conversations: (query) => conversations(reads, query),
    unreadOneToOne: (app, user, now) => unreadOneToOne(reads, app, user, now),
  };
}
