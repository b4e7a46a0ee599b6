import type { AppNo, Position, TimelineId } from '@recalld/domain';
import { timelineKey } from '../commands/timelineCounters.js';
import type { Reads } from '../engines/database.js';
import { differences } from '../rebuild/differences.js';
import type { Differences } from '../rebuild/differences.js';
import { createLogReads } from '../rebuild/logReads.js';
import { replayItems } from '../rebuild/replay.js';
import type { ReplayedItem } from '../rebuild/replay.js';
import type { TimelineItemsTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { readable } from './readable.js';

/** The items of timelines are those that the log makes. */
export const items: Check = {
  name: 'items',
  run(deps) {
    const { reads, horizon } = deps;
    const log = createLogReads(reads);
    const numbersOf = createNumbers(reads);

    function* look(after: Position) {
      const stretch = yield* log.next(after, horizon, pieceRows);
      const { through } = stretch;
      const { events, isBroken } = readable(yield* log.streamsIn(stretch));
      const unknown = new Set(stretch.events.filter(isBroken).map(({ position }) => position));
      const found = (yield* log.itemsIn(stretch)).filter((row) => !unknown.has(row.event_position));
      const replayed = [...replayItems(events).values()].filter(
        ({ row }) => row.event_position > after && row.event_position <= through,
      );
      const wanted = yield* numbered(replayed, numbersOf);
      return {
        findings: findingsOf(differences(wanted, found), replayed),
        looked: stretch.events.length,
        next: through < horizon ? through : undefined,
      };
    }

    return walk(deps, 0, (after) => reads.read(() => look(after)));
  },
};

type NumbersOf = (items: readonly ReplayedItem[]) => Steps<ReadonlyMap<string, number>>;

function createNumbers({ db, statements }: Reads): NumbersOf {
  const number = statements.select<{ app: AppNo; timeline: TimelineId }>({ app: 'whole', timeline: 'text' })(
    ({ app, timeline }) =>
      db
        .selectFrom('timelines')
        .select(['app_no', 'timeline', 'timeline_no'])
        .where('app_no', '=', app)
        .where('timeline', '=', timeline),
  );
  return function* numbersOf(replayed) {
    const keys = new Map(
      replayed.map(({ app, timeline }) => [timelineKey(app, timeline), { app, timeline }]),
    );
    const found = yield* rows(each(number, [...keys.values()]));
    return new Map(found.map((row) => [timelineKey(row.app_no, row.timeline), row.timeline_no]));
  };
}

/** No row has the number of a timeline that is gone. */
const noNumber = -1;

function* numbered(
  replayed: readonly ReplayedItem[],
  numbersOf: NumbersOf,
): Steps<readonly TimelineItemsTable[]> {
  const numbers = yield* numbersOf(replayed);
  return replayed.map(({ app, timeline, row }) => ({
    ...row,
    timeline_no: numbers.get(timelineKey(app, timeline)) ?? noNumber,
  }));
}

function findingsOf(
  { missing, wrong, extra }: Differences,
  replayed: readonly ReplayedItem[],
): readonly Finding[] {
  const byPosition = new Map(replayed.map((item) => [item.row.event_position, item]));
  const of = (
    kind: 'itemMissing' | 'itemWrong',
    { event_position: position }: TimelineItemsTable,
  ): Finding => {
    const item = byPosition.get(position);
    return { kind, app: item?.app ?? null, about: { position, timeline: item?.timeline ?? '' } };
  };
  return [
    ...missing.map((row) => of('itemMissing', row)),
    ...wrong.map((row) => of('itemWrong', row)),
    ...extra.map(({ event_position: position }): Finding => ({
      kind: 'itemWithoutEvent',
      app: null,
      about: { position },
    })),
  ];
}
