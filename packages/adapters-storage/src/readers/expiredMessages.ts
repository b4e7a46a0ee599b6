import type { ExpiredMessages } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { eventColumns, toEvent } from '../eventRows.js';
import type { Schema } from '../schema.js';

export function createExpiredMessages(db: Kysely<Schema>): ExpiredMessages {
  return {
    async list(now, limit) {
      const rows = await db
        .selectFrom('timeline_items as i')
        .innerJoin('events as e', 'e.position', 'i.event_position')
        .select(eventColumns.map((column) => `e.${column}` as const))
        // As a literal, so that the index on expiring messages answers.
        .where(sql`i.state`, '=', sql.lit('live'))
        .where('i.expires_at', '<=', now)
        .orderBy('i.expires_at')
        .limit(limit)
        .execute();
      return rows
        .map(toEvent)
        .flatMap((event) =>
          event.type === 'MessageSent' ? { app: event.app, msgId: event.data.msgId } : [],
        );
    },
  };
}
