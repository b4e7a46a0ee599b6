import type { Position } from '@recalld/domain';
import type { SqlQuery } from '../statements.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Positions } from './database.js';

// Positions grow in the order in which they are taken, which is not that of the commits: a row may
// become visible behind others that were read already. So a writer locks, shared and until its
// transaction ends, the value that the sequence had before it took its own: everybody can see below
// which position the log may still grow. Nobody waits for such a lock.

/** Tells these locks from everybody else's: the upper 16 of their 64 bits. */
const lockClass = 0x7265n;
const lockBase = (lockClass << 48n).toString();
const classFrom = (lockClass << 16n).toString();
const classThrough = ((lockClass << 16n) + 0xffffn).toString();

const takingPositions = `
  with floor as materialized (
    select pg_advisory_xact_lock_shared(${lockBase} + last_value) from event_positions
  )
  select nextval('event_positions') as position from floor, generate_series(1, $1::int)`;

/** The lock is taken before the first of them. */
export const sequencePositions: Positions = {
  take: (count) => ({ sql: takingPositions, parameters: [count] }),
  taken: (answered) => answered.map(({ position }) => position),
};

export const lastTaken: SqlQuery<{ position: Position }> = {
  sql: 'select last_value as position from event_positions',
  parameters: [],
};

const lowestFloor = `
  select min(((classid::bigint << 32) | objid::bigint) - ${lockBase}) as position from pg_locks
  where locktype = 'advisory' and objsubid = 1 and classid between ${classFrom} and ${classThrough}
    and database = (select oid from pg_database where datname = current_database())`;

/**
 * The position up to which the log is complete. The order of the two looks matters: what was taken by
 * the first and has no lock at the second has been committed or rolled back in between; what is taken
 * later stands behind the first.
 */
export function* logHorizon(): Steps<Position> {
  const [last] = yield* rows(lastTaken);
  const [lowest] = yield* rows<{ position: Position | null }>({ sql: lowestFloor, parameters: [] });
  const taken = last?.position ?? 0;
  return Math.min(taken, lowest?.position ?? taken);
}
