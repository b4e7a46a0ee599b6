import type { Instant, Position } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';

/**
 * The last position before the first event that occurred at or after an instant; 0 when there is none.
 * Nodes may write as far out of the order of time as their clocks differ: up to `limits.clockSkewMsMax`,
 * by which whoever must miss nothing moves the instant.
 */
export type PositionBefore = (instant: Instant) => Steps<Position>;

/** The log has no index on time, but time grows along it: a few dozen rows are looked at. */
export function createPositionBefore({ db, statements }: Reads): PositionBefore {
  const last = statements.select<{ below: Position }>({ below: 'whole' })(({ below }) =>
    db
      .selectFrom('events')
      .select((e) => e.fn.max<number | null>('position').as('position'))
      .where('position', '<', below),
  );
  const from = statements.select<{ position: Position }>({ position: 'whole' })(({ position }) =>
    db
      .selectFrom('events')
      .select(['position', 'occurred_at'])
      .where('position', '>=', position)
      .orderBy('position')
      .limit(1),
  );

  function* lastBelow(below: Position): Steps<Position> {
    const [found] = yield* rows(each(last, [{ below }]));
    return found?.position ?? 0;
  }

  return function* positionBefore(instant) {
    let low = 1;
    let high = (yield* lastBelow(Number.MAX_SAFE_INTEGER)) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [event] = yield* rows(each(from, [{ position: middle }]));
      if (event === undefined || event.occurred_at >= instant) high = middle;
      else low = event.position + 1;
    }
    return yield* lastBelow(low);
  };
}
