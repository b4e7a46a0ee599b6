import { streamDay } from '@recalld/domain';
import type { EventLog } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { eventColumns, toEvent } from '../eventRows.js';
import { rows } from '../steps.js';
import { createPositionBefore } from './positionBefore.js';

export function createEventLog(reads: Reads): EventLog {
  const { db } = reads;
  const events = () => db.selectFrom('events').select(eventColumns);
  const positionBefore = createPositionBefore(reads);
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
    async read({ after, limit, types }) {
      const horizon = await reads.logHorizon();
      const next = db
        .selectFrom('events')
        .select('position')
        .where('position', '>', after)
        .where('position', '<=', horizon);
      const looked = await db
        .selectFrom(next.orderBy('position').limit(limit).as('next'))
        .select((e) => e.fn.max<number | null>('next.position').as('through'))
        .executeTakeFirst();
      const through = looked?.through ?? after;
      if (types?.length === 0) return { events: [], through };
      const rows = await events()
        .where('position', '>', after)
        .where('position', '<=', through)
        .$if(types !== undefined, (q) => q.where('type', 'in', types ?? []))
        .orderBy('position')
        .execute();
      return { events: rows.map(toEvent), through };
    },
    async horizon() {
      const complete = await reads.logHorizon();
      const [last] = await reads.read(() => rows(reads.lastTaken));
      return Math.min(complete, last?.position ?? 0);
    },
    before: (instant) => reads.read(() => positionBefore(instant)),
  };
}
