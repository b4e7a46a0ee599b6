import { userTimeline } from '@recalld/domain';
import type { AppNo, Position, TimelineId, UserId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { createFirstAfter } from './firstAfter.js';
import type { Grown } from './firstAfter.js';
import { memberships, wholeTimelines, whoseKinds } from './userTimelines.js';
import type { Whose } from './userTimelines.js';

/** Whose timelines are looked at, and for which part of the log. */
export interface Window {
  readonly app: AppNo;
  readonly user: UserId;
  readonly after: Position;
  readonly horizon: Position;
}

type Asked = Whose & Pick<Window, 'after' | 'horizon'>;
const askedKinds = { ...whoseKinds, after: 'whole', horizon: 'whole' } as const;

/** Up to so many positions the log itself is looked through: fewer than many a user has timelines. */
const positionsMax = 1_000;

/**
 * The user's timelines that grew in a part of the log. A short part is looked through; for a long one
 * the end of each of the user's timelines is looked at, so that what others did meanwhile costs nothing.
 */
export function createGrown(reads: Reads): (window: Window) => Steps<readonly Grown[]> {
  const nearby = inLog(reads);
  const ended = atEnds(reads);
  const firstAfter = createFirstAfter(reads);

  return function* grown({ app, user, after, horizon }) {
    const asked = { app, user, own: userTimeline(user), after, horizon };
    if (horizon - after <= positionsMax) return yield* rows(each(nearby, [asked]));
    const candidates = yield* rows(each(ended, [asked]));
    const found = yield* firstAfter(candidates, after);
    return found.filter(({ first }) => first <= horizon);
  };
}

/** Positions of the log and of a timeline grow together: its lowest ones in the part tell where it stood. */
function inLog({ db, statements }: Reads) {
  return statements.select<Asked>(askedKinds)(({ app, user, own, after, horizon }) =>
    db
      .selectFrom('timeline_items as i')
      // In this order: SQLite would look at every timeline there is.
      .crossJoin('timelines as t')
      .select((e) => [
        't.timeline_no as no',
        't.timeline',
        e.fn.min<number>('i.event_position').as('first'),
        sql<number>`min(i.position) - 1`.as('position'),
        sql<number>`coalesce(min(i.message_seq) - 1, t.messages)`.as('messages'),
      ])
      .whereRef('t.timeline_no', '=', 'i.timeline_no')
      .where('i.event_position', '>', after)
      .where('i.event_position', '<=', horizon)
      .where('t.app_no', '=', app)
      .where(
        sql<boolean>`(t.user_a = ${user} or t.user_b = ${user} or t.timeline = ${own} or exists (
          select 1 from members m where m.app_no = ${app} and m.user = ${user} and m.timeline = t.timeline))`,
      )
      .groupBy(['t.timeline_no', 't.timeline', 't.messages']),
  );
}

/** The timelines whose last message or last notice stands behind a position. */
function atEnds({ db, statements }: Reads) {
  const columns = sql`t.timeline_no, t.timeline, t.head, t.messages`;
  return statements.select<Asked>(askedKinds)((asked) =>
    db
      .selectFrom(
        sql<{ no: number; timeline: TimelineId; head: number; messages: number }>`(
          select r.timeline_no as no, r.timeline, r.head, r.messages
          from (${wholeTimelines(columns, asked)} union ${memberships(columns, asked)}) as r
          where (
            select i.event_position from timeline_items i
            where i.timeline_no = r.timeline_no and i.kind = 'message' order by i.message_seq desc limit 1
          ) > ${asked.after} or (
            select i.event_position from timeline_items i
            where i.timeline_no = r.timeline_no and i.kind <> 'message' order by i.position desc limit 1
          ) > ${asked.after})`.as('grown'),
      )
      .selectAll(),
  );
}
