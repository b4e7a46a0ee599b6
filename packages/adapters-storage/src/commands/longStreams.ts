import type { AppNo, StreamId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { eventColumns } from '../eventRows.js';

// A conversation is read again and again for as long as its user is there: nobody reads its stream as a whole.

/**
 * Whether a stream may get very long: a conversation's. Of its readings the last one tells all (watermarks
 * never go back), so what is read is its deletions and its end.
 */
export function isLongStream(stream: StreamId): boolean {
  return stream.startsWith('conversation/');
}

/** As many as other nodes may add while a commit's outcome is not known: what it wrote must be among them. */
const endEvents = 8;

/** Long streams have no day of their own, and few deletions: these have an index. */
export function selectLongStream({ db, statements }: Reads, asTuples: boolean) {
  return statements.select<{ readonly app: AppNo; readonly stream: StreamId }>(
    { app: 'whole', stream: 'text' },
    asTuples,
  )(({ app, stream }) => {
    const ofStream = db
      .selectFrom('events')
      .select(eventColumns)
      .where('stream_day', '=', sql.lit(0))
      .where('app_no', '=', app)
      .where('stream', '=', stream);
    const isDeletion = sql<boolean>`type = 'ConversationDeleted'`;
    const end = ofStream.orderBy('version', 'desc').limit(sql.lit(endEvents));
    return ofStream.where(isDeletion).unionAll(
      db
        .selectFrom(end.as('ending'))
        .select(eventColumns)
        .where(sql<boolean>`type <> 'ConversationDeleted'`),
    );
  });
}
