import type { TimelineReader } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { conversations, unreadOneToOne } from './conversations.js';
import { roaming } from './roaming.js';

export function createTimelineReader(db: Kysely<Schema>): TimelineReader {
  return {
    roaming: (query) => roaming(db, query),
    conversations: (query) => conversations(db, query),
    unreadOneToOne: (app, user, now) => unreadOneToOne(db, app, user, now),
  };
}
