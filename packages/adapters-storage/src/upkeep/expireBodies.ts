import type { Instant, ItemId, Position } from '@recalld/domain';
import { erasing } from '../bodies/sealedBodies.js';
import { runAll } from './session.js';
import type { Session } from './session.js';

/** Rows that one transaction looks at, or erases. */
const walkedRows = 5_000;
const dueRows = 1_000;

/** How far the expired bodies of one table are erased. A later run of the same process goes on from here. */
export interface Erased {
  /** Of a first walk through the table; undefined when that came to its end. */
  walked: Position | undefined;
  /** Whatever expired until then, and was there, is erased once the table was walked through. */
  since: Instant;
  /** On that walk, what notices say goes when they are as old. */
  readonly noticesUntil: Instant;
  /** Of those that expired later: the last one erased. */
  last: DuePlace | undefined;
}

interface DuePlace {
  readonly expiresAt: Instant;
  readonly position: Position;
}

/** Nothing is known of the table: it is walked through once. */
export const unwalked = (now: Instant, noticesUntil: Instant): Erased => ({
  walked: 0,
  since: now,
  noticesUntil,
  last: undefined,
});
/** The table is too large for that: everything that ever expired is looked up in it. */
export const sinceEver = (): Erased => ({
  walked: undefined,
  since: 0,
  noticesUntil: 0,
  last: undefined,
});

/**
 * Erases what has expired in a table of bodies that stays: row by row, as a recall does. The first time in a
 * process the table is read once, later only what has expired meanwhile is. `goOn` is asked between two
 * transactions. Answers false when it said no.
 */
export async function expireBodies(
  session: Session,
  table: string,
  erased: Erased,
  now: Instant,
  goOn: () => boolean,
): Promise<boolean> {
  while (erased.walked !== undefined) {
    erased.walked = await walkOn(session, table, erased.walked, erased);
    if (!goOn()) return false;
  }
  for (;;) {
    erased.last = await eraseDue(
      session,
      table,
      erased.last ?? { expiresAt: erased.since, position: 0 },
      now,
    );
    if (erased.last === undefined) break;
    if (!goOn()) return false;
  }
  erased.since = now;
  return true;
}

interface Row {
  readonly position: string;
  readonly item: ItemId;
}

const bodyOf = ({ position, item }: Row) => ({ position: Number(position), item });

/** One stretch of the table. Answers where the next begins; undefined: there is none. */
function walkOn(
  session: Session,
  table: string,
  after: Position,
  { since, noticesUntil }: Pick<Erased, 'since' | 'noticesUntil'>,
): Promise<Position | undefined> {
  return session.transaction(async () => {
    const [stretch] = await session.run<{ through: string | null }>(
      `select max(position) as through from (
         select position from ${table} where position > $1 order by position limit ${walkedRows}) as batch`,
      [after],
    );
    const through = stretch?.through ?? null;
    if (through === null) return undefined;
    const found = await session.run<Row>(
      `select b.position, b.item_id as item from ${table} b join timeline_items i on i.event_position = b.position
       where b.position > $1 and b.position <= $2 and b.payload is not null
         and (i.expires_at <= $3 or (i.kind <> 'message' and i.sent_at <= $4))`,
      [after, through, since, noticesUntil],
    );
    await runAll(session, erasing(found.map(bodyOf)));
    return Number(through);
  });
}

/** Some of what has expired behind a place, in the order in which it did. Answers the last of them. */
function eraseDue(
  session: Session,
  table: string,
  { expiresAt, position }: DuePlace,
  now: Instant,
): Promise<DuePlace | undefined> {
  return session.transaction(async () => {
    const due = await session.run<Row & { expires_at: string; has: boolean }>(
      `with due as materialized (
         select event_position, expires_at from timeline_items
         where state = 'live' and expires_at >= $1 and expires_at <= $2 and (expires_at, event_position) > ($1, $3)
         order by expires_at, event_position limit ${dueRows})
       select due.event_position as position, due.expires_at, b.item_id as item, b.payload is not null as has
       from due left join ${table} b on b.position = due.event_position
       order by due.expires_at, due.event_position`,
      [expiresAt, now, position],
    );
    await runAll(session, erasing(due.filter(({ has }) => has).map(bodyOf)));
    const last = due.at(-1);
    return last && { expiresAt: Number(last.expires_at), position: Number(last.position) };
  });
}

/** A message of these days that can still be read, of two the one that is kept for longer. @param through the day after the last */
export async function heldMessage(
  session: Session,
  from: number,
  through: number,
  now: Instant,
): Promise<Position | undefined> {
  const [held] = await session.run<{ position: string }>(
    `select b.position from bodies b join timeline_items i on i.event_position = b.position
     where b.item_day >= $1 and b.item_day < $2 and b.payload is not null
       and i.kind = 'message' and i.state = 'live' and (i.expires_at is null or i.expires_at > $3)
     order by i.expires_at desc nulls first limit 1`,
    [from, through, now],
  );
  return held && Number(held.position);
}

/** Whether {@link heldMessage} would find this one again. */
export async function isHeld(session: Session, position: Position, now: Instant): Promise<boolean> {
  const held = await session.run(
    `select 1 from timeline_items where event_position = $1 and kind = 'message' and state = 'live'
       and (expires_at is null or expires_at > $2)`,
    [position, now],
  );
  return held.length > 0;
}
