import { assert } from '@recalld/domain';
import type { AppNo, RecordedEvent, TimelineId } from '@recalld/domain';
import { sql } from 'kysely';
import { pairOf, timelineKey } from '../commands/timelineCounters.js';
import type { Reads } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { countersOf } from './replay.js';

interface TimelineRow {
  readonly app_no: AppNo;
  readonly timeline: TimelineId;
  readonly timeline_no: number;
  readonly head: number;
  readonly messages: number;
}

/** Timelines that nobody else appends to until the transaction ends. */
export interface HeldTimelines {
  no(app: AppNo, timeline: TimelineId): number;
  /** Rows that were not there, or counted less than the log has. */
  readonly raised: number;
}

/**
 * Takes the timelines of events, in the order in which commands take them: a recall is seen, or comes
 * after. Rows that are gone are made, counters that are behind are raised; none is ever lowered.
 */
export function createHoldTimelines({
  db,
  statements,
  words,
}: Reads): (events: readonly RecordedEvent[]) => Steps<HeldTimelines> {
  const hold = statements.select<{ app: AppNo; timeline: TimelineId }>({ app: 'whole', timeline: 'text' })(
    ({ app, timeline }) =>
      db
        .selectFrom('timelines')
        .select(['app_no', 'timeline', 'timeline_no', 'head', 'messages'])
        .where('app_no', '=', app)
        .where('timeline', '=', timeline)
        .modifyEnd(words.forNoKeyUpdate),
  );
  const greater = (column: string) =>
    words.greatest(sql.ref(`timelines.${column}`), sql.ref(`excluded.${column}`));
  const raise = statements.insert(
    'timelines',
    { app_no: 'whole', timeline: 'text', head: 'whole', messages: 'whole', user_a: 'text', user_b: 'text' },
    sql<TimelineRow>`
      on conflict (app_no, timeline) do update
      set head = ${greater('head')}, messages = ${greater('messages')}
      returning app_no, timeline, timeline_no, head, messages`,
  );

  return function* holdTimelines(events) {
    const wanted = [...countersOf(events)].sort(([a], [b]) => (a < b ? -1 : 1));
    const held = yield* rows(
      each(
        hold,
        wanted.map(([, { app, timeline }]) => ({ app, timeline })),
      ),
    );
    const known = new Map(held.map((row) => [timelineKey(row.app_no, row.timeline), row]));
    const behind = wanted.flatMap(([key, { app, timeline, head, messages }]) => {
      const row = known.get(key);
      if (row !== undefined && row.head >= head && row.messages >= messages) return [];
      return { app_no: app, timeline, head, messages, ...pairOf(timeline) };
    });
    for (const row of yield* rows(each(raise, behind))) known.set(timelineKey(row.app_no, row.timeline), row);
    return {
      raised: behind.length,
      no(app, timeline) {
        const row = known.get(timelineKey(app, timeline));
        assert(row !== undefined, `${timeline} is held`);
        return row.timeline_no;
      },
    };
  };
}
