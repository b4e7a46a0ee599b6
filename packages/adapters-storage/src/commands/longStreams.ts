import type { AppNo, StreamId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { eventColumns } from '../eventRows.js';

// A conversation is read again and again for as long as its user is there: nobody reads its stream as a whole.

/**
 * Whether a stream may get very long: a conversation's. Of its readings the last one tells all: watermarks
 * never go back.
 */
export function isLongStream(stream: StreamId): boolean {
  return stream.startsWith('conversation/');
}

/** As many as other nodes may add while a commit's outcome is not known: what it wrote must be among them. */
const lastEvents = 8;

/** As the index on them says it. */
const isDeletion = sql<boolean>`type in ('ConversationDeleted', 'RoamingDeleted')`;

/**
 * What is read of a long stream for its next decision: its deletions, of those from roaming the last ones,
 * and its last readings. An earlier deletion from roaming that is asked for again is recorded again, and
 * changes nothing.
 */
export function selectLongStream(reads: Reads) {
  const { statements, db } = reads;
  return statements.select<LongStreamKey>(
    longStreamKinds,
    true,
  )((key) => {
    const ofStream = eventsOf(reads, key);
    const deletions = ofStream.where(isDeletion);
    const fromRoaming = deletions.where('type', '=', sql.lit('RoamingDeleted'));
    return deletions
      .where('type', '=', sql.lit('ConversationDeleted'))
      .unionAll(db.selectFrom(lastOf(fromRoaming).as('deleted')).select(eventColumns))
      .unionAll(
        db
          .selectFrom(lastOf(ofStream.where(sql<boolean>`not ${isDeletion}`)).as('read'))
          .select(eventColumns),
      );
  });
}

/** What of a long stream tells all that read models have of it. */
export function selectWholeLongStream(reads: Reads) {
  const { statements, db } = reads;
  return statements.select<LongStreamKey>(longStreamKinds)((key) => {
    const ofStream = eventsOf(reads, key);
    const readings = lastOf(ofStream.where(sql<boolean>`not ${isDeletion}`));
    return ofStream.where(isDeletion).unionAll(db.selectFrom(readings.as('read')).select(eventColumns));
  });
}

interface LongStreamKey {
  readonly app: AppNo;
  readonly stream: StreamId;
}

const longStreamKinds = { app: 'whole', stream: 'text' } as const;

/** Long streams have no day of their own. */
function eventsOf({ db }: Reads, { app, stream }: LongStreamKey) {
  return db
    .selectFrom('events')
    .select(eventColumns)
    .where('stream_day', '=', sql.lit(0))
    .where('app_no', '=', app)
    .where('stream', '=', stream);
}

function lastOf(events: ReturnType<typeof eventsOf>) {
  return events.orderBy('version', 'desc').limit(sql.lit(lastEvents));
}
