import type { Instant, Position } from '@recalld/domain';
import { erasing } from '../bodies/sealedBodies.js';
import type { BodyPlace } from '../bodies/sealedBodies.js';
import { runAll } from './session.js';
import type { Session } from './session.js';

const batchRows = 1_000;

/**
 * Erases what has expired in a partition that stays: row by row, as a recall does. `goOn` is asked
 * between two batches. Answers false when it said no.
 */
export async function expireBodies(
  session: Session,
  bodies: string,
  now: Instant,
  goOn: () => boolean,
): Promise<boolean> {
  const expired = `
    select b.position, b.item_day as day from ${bodies} b join timeline_items i on i.event_position = b.position
    where b.payload is not null and i.kind = 'message' and i.expires_at <= $1 limit ${batchRows}`;
  for (;;) {
    const found = await session.transaction(async () => {
      const rows = await session.run<{ position: string; day: string }>(expired, [now]);
      const places = rows.map(({ position, day }): BodyPlace => ({
        position: Number(position),
        day: Number(day),
      }));
      await runAll(session, erasing(places));
      return rows.length;
    });
    if (found < batchRows) return true;
    if (!goOn()) return false;
  }
}

/** Whether a message of these days can still be read. @param through the day after the last */
export async function holdsMessages(
  session: Session,
  from: number,
  through: number,
  now: Instant,
): Promise<boolean> {
  const held = await session.run<{ position: Position }>(
    `select b.position from bodies b join timeline_items i on i.event_position = b.position
     where b.item_day >= $1 and b.item_day < $2 and b.payload is not null
       and i.kind = 'message' and i.state = 'live' and (i.expires_at is null or i.expires_at > $3)
     limit 1`,
    [from, through, now],
  );
  return held.length > 0;
}
