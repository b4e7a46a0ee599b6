import type { Instant, Position } from '@recalld/domain';
import type { SqliteReads } from '../engines/connection.js';
import { template } from '../statements.js';

/**
 * The last position before the first event that occurred at or after an instant; 0 when there is none.
 * The log has no index on time, but time grows along it: a few dozen rows are looked at.
 */
export function createPositionBefore({ db, prepare }: SqliteReads): (instant: Instant) => Position {
  const last = prepare(
    template<{ below: Position }>()(({ below }) =>
      db
        .selectFrom('events')
        .select((e) => e.fn.max<number | null>('position').as('position'))
        .where('position', '<', below),
    ),
  );
  const from = prepare(
    template<{ position: Position }>()(({ position }) =>
      db
        .selectFrom('events')
        .select(['position', 'occurred_at'])
        .where('position', '>=', position)
        .orderBy('position')
        .limit(1),
    ),
  );
  const lastBelow = (below: Position) => last.get({ below })?.position ?? 0;

  return (instant) => {
    let low = 1;
    let high = lastBelow(Number.MAX_SAFE_INTEGER) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const event = from.get({ position: middle });
      if (event === undefined || event.occurred_at >= instant) high = middle;
      else low = event.position + 1;
    }
    return lastBelow(low);
  };
}
