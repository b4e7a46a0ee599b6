import type { Position } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { walk } from './check.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';

/** Nothing stands behind the last position that was given out. */
export const positions: Check = {
  name: 'positions',
  run: (deps) =>
    walk(deps, 0, async () => {
      const { last, highest } = await deps.reads.read(() => lookAll(deps.reads));
      const findings = highest
        .filter(({ position }) => position > last)
        .map(({ table, position }): Finding => ({
          kind: 'positionAhead',
          app: null,
          about: { table, position },
        }));
      return { findings, looked: highest.length, next: undefined };
    }),
};

interface Highest {
  readonly table: string;
  readonly position: Position;
}

function* lookAll({ db, lastTaken }: Reads): Steps<{
  readonly last: Position;
  readonly highest: readonly Highest[];
}> {
  const [items, bodies, deliveries, checkpoints, events] = yield* together(
    db.selectFrom('timeline_items').select((e) => e.fn.max<number | null>('event_position').as('position')),
    db.selectFrom('bodies').select((e) => e.fn.max<number | null>('position').as('position')),
    db.selectFrom('deliveries').select((e) => e.fn.max<number | null>('first_position').as('position')),
    db.selectFrom('feed_checkpoints').select((e) => e.fn.max<number | null>('position').as('position')),
    db.selectFrom('events').select((e) => e.fn.max<number | null>('position').as('position')),
  );
  // Asked last: what was read before has its position by then.
  const [last] = yield* rows(lastTaken);
  const found = { timeline_items: items, bodies, deliveries, feed_checkpoints: checkpoints, events };
  return {
    last: last?.position ?? 0,
    highest: Object.entries(found).map(([table, [row]]) => ({ table, position: row?.position ?? 0 })),
  };
}
