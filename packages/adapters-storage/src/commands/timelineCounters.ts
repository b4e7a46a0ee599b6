import { assert, parseTimeline } from '@recalld/domain';
import type { AppNo, NewEvent, TimelineId, Unit } from '@recalld/domain';
import { sql } from 'kysely';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { StampColumns } from '../eventRows.js';
import { template } from '../statements.js';

type TimelineStamps = Pick<StampColumns, 'timeline' | 'timeline_position' | 'message_seq'>;

const noStamps: TimelineStamps = { timeline: null, timeline_position: null, message_seq: null };

/** The counters of one timeline as they stand in the database. */
interface Counter {
  readonly no: number;
  head: number;
  messages: number;
}

/**
 * The counters that stamp an item's position and a message's MsgSeq. They are remembered between
 * batches: right as long as one process writes the database, which the owner's lock sees to.
 */
export interface TimelineCounters {
  /** Raises, on disk, the counters of every timeline that the units put something into. */
  raise(units: readonly Unit[]): void;
  /** The next place in the event's timeline; no stamps for an event that puts no item into one. */
  stamp(app: AppNo, timeline: TimelineId | undefined, event: NewEvent): TimelineStamps;
  /** The number of a timeline that is there. */
  no(app: AppNo, timeline: TimelineId): number;
  /** What was raised never was. */
  forget(): void;
}

/** Remembered timelines; past that all are read again. */
const countersMax = 100_000;

interface Growth {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  items: number;
  messages: number;
}

function putsItem(event: NewEvent): boolean {
  return event.type === 'MessageSent' || event.type === 'MessageRecalled';
}

export function createTimelineCounters(engine: SqliteEngine): TimelineCounters {
  const statements = prepareAll(engine);
  const counters = new Map<AppNo, Map<TimelineId, Counter>>();
  let remembered = 0;

  function remember(app: AppNo, timeline: TimelineId, counter: Counter): Counter {
    const ofApp = counters.get(app);
    if (ofApp === undefined) counters.set(app, new Map([[timeline, counter]]));
    else ofApp.set(timeline, counter);
    remembered += 1;
    return counter;
  }

  function find(app: AppNo, timeline: TimelineId): Counter | undefined {
    const known = counters.get(app)?.get(timeline);
    if (known !== undefined) return known;
    const row = statements.find.get({ app, timeline });
    if (row === undefined) return undefined;
    return remember(app, timeline, { no: row.timeline_no, head: row.head, messages: row.messages });
  }

  function start({ app, timeline }: Growth): Counter {
    const parsed = parseTimeline(timeline);
    const { userA, userB } = parsed.kind === 'pair' ? parsed : { userA: null, userB: null };
    const { rowId: no } = statements.start.run({ app, timeline, userA, userB });
    return remember(app, timeline, { no, head: 0, messages: 0 });
  }

  function forget(): void {
    counters.clear();
    remembered = 0;
  }

  return {
    raise(units) {
      if (remembered > countersMax) forget();
      for (const growth of growths(units)) {
        const { no, head, messages } = find(growth.app, growth.timeline) ?? start(growth);
        statements.raise.run({ no, head: head + growth.items, messages: messages + growth.messages });
      }
    },
    stamp(app, timeline, event) {
      if (!putsItem(event)) return noStamps;
      const counter = timeline === undefined ? undefined : counters.get(app)?.get(timeline);
      assert(timeline !== undefined && counter !== undefined, `a ${event.type} names its timeline`);
      counter.head += 1;
      const isMessage = event.type === 'MessageSent';
      if (isMessage) counter.messages += 1;
      return { timeline, timeline_position: counter.head, message_seq: isMessage ? counter.messages : null };
    },
    no(app, timeline) {
      const counter = find(app, timeline);
      assert(counter !== undefined, `app ${app} has the timeline ${timeline}`);
      return counter.no;
    },
    forget,
  };
}

/** How much each timeline grows, in the order in which the batch names them. */
function growths(units: readonly Unit[]): Iterable<Growth> {
  const byKey = new Map<string, Growth>();
  for (const { app, appends } of units) {
    for (const { timeline, events } of appends) {
      if (timeline === undefined) continue;
      const key = `${app}/${timeline}`;
      const growth = byKey.get(key) ?? { app, timeline, items: 0, messages: 0 };
      growth.items += events.filter(putsItem).length;
      growth.messages += events.filter(({ type }) => type === 'MessageSent').length;
      byKey.set(key, growth);
    }
  }
  return byKey.values();
}

function prepareAll(engine: SqliteEngine) {
  const { db } = engine;
  const find = template<Pick<Growth, 'app' | 'timeline'>>()(({ app, timeline }) =>
    db
      .selectFrom('timelines')
      .select(['timeline_no', 'head', 'messages'])
      .where('app_no', '=', app)
      .where('timeline', '=', timeline),
  );
  const start = template<Pick<Growth, 'app' | 'timeline'> & { userA: string | null; userB: string | null }>()(
    ({ app, timeline, userA, userB }) =>
      db.insertInto('timelines').values({
        app_no: app,
        timeline,
        head: sql.lit(0),
        messages: sql.lit(0),
        user_a: userA,
        user_b: userB,
      }),
  );
  const raise = template<Counter>()(({ no, head, messages }) =>
    db.updateTable('timelines').set({ head, messages }).where('timeline_no', '=', no),
  );
  return { find: engine.prepare(find), start: engine.prepare(start), raise: engine.prepare(raise) };
}
