import { streamDay } from '@recalld/domain';
import type { EventLog } from '@recalld/domain';
import type { Kysely } from 'kysely';
import { eventColumns, toEvent } from '../eventRows.js';
import type { Schema } from '../schema.js';

export function createEventLog(db: Kysely<Schema>): EventLog {
  const events = () => db.selectFrom('events').select(eventColumns);
  return {
    async ofStream(app, stream) {
      const rows = await events()
        .where('stream_day', '=', streamDay(stream))
        .where('app_no', '=', app)
        .where('stream', '=', stream)
        .orderBy('version')
        .execute();
      return rows.map(toEvent);
    },
    async after(position, limit) {
      const rows = await events().where('position', '>', position).orderBy('position').limit(limit).execute();
      return rows.map(toEvent);
    },
  };
}
