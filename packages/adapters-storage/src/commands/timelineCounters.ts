import { assert, parseTimeline } from '@recalld/domain';
import type { AppNo, NewEvent, TimelineId, Unit } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { StampColumns } from '../eventRows.js';
import { template } from '../statements.js';

type TimelineStamps = Pick<StampColumns, 'timeline' | 'timeline_position' | 'message_seq'>;

const noStamps: TimelineStamps = { timeline: null, timeline_position: null, message_seq: null };

/** The counters of one timeline while a batch is written. */
interface Counter {
  readonly no: number;
  head: number;
  messages: number;
}

/** The timelines that a batch puts items into, each raised once. */
export interface TimelineCounters {
  /** Raises the counters of every timeline that the units put something into. */
  raise(units: readonly Unit[]): void;
  /** The next place in the event's timeline; no stamps for an event that puts no item into one. */
  stamp(app: AppNo, timeline: TimelineId | undefined, event: NewEvent): TimelineStamps;
  /** The number of a timeline that is there. */
  no(app: AppNo, timeline: TimelineId): number;
}

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

  function raiseOne(growth: Growth): void {
    const raised = statements.raise.get(growth) ?? start(growth);
    const counter = {
      no: raised.timeline_no,
      head: raised.head - growth.items,
      messages: raised.messages - growth.messages,
    };
    const ofApp = counters.get(growth.app);
    if (ofApp === undefined) counters.set(growth.app, new Map([[growth.timeline, counter]]));
    else ofApp.set(growth.timeline, counter);
  }

  function start(growth: Growth) {
    const parsed = parseTimeline(growth.timeline);
    const users = parsed.kind === 'pair' ? parsed : { userA: null, userB: null };
    const { rowId } = statements.start.run({ ...growth, userA: users.userA, userB: users.userB });
    return { timeline_no: rowId, head: growth.items, messages: growth.messages };
  }

  return {
    raise(units) {
      counters.clear();
      for (const growth of growths(units)) raiseOne(growth);
    },
    stamp(app, timeline, event) {
      if (!putsItem(event)) return noStamps;
      const counter = timeline === undefined ? undefined : counters.get(app)?.get(timeline);
      assert(timeline !== undefined && counter !== undefined, `a ${event.type} names its timeline`);
      counter.head += 1;
      const isMessage = event.type === 'MessageSent';
      if (isMessage) counter.messages += 1;
      return {
        timeline,
        timeline_position: counter.head,
        message_seq: isMessage ? counter.messages : null,
      };
    },
    no(app, timeline) {
      const no = counters.get(app)?.get(timeline)?.no ?? statements.no.get({ app, timeline })?.timeline_no;
      assert(no !== undefined, `app ${app} has the timeline ${timeline}`);
      return no;
    },
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
  const raise = template<Growth>()(({ app, timeline, items, messages }) =>
    db
      .updateTable('timelines')
      .set((e) => ({ head: e('head', '+', items), messages: e('messages', '+', messages) }))
      .where('app_no', '=', app)
      .where('timeline', '=', timeline)
      .returning(['timeline_no', 'head', 'messages']),
  );
  const start = template<Growth & { userA: string | null; userB: string | null }>()((growth) =>
    db.insertInto('timelines').values({
      app_no: growth.app,
      timeline: growth.timeline,
      head: growth.items,
      messages: growth.messages,
      user_a: growth.userA,
      user_b: growth.userB,
    }),
  );
  const no = template<Pick<Growth, 'app' | 'timeline'>>()((key) =>
    db
      .selectFrom('timelines')
      .select('timeline_no')
      .where('app_no', '=', key.app)
      .where('timeline', '=', key.timeline),
  );
  return { raise: engine.prepare(raise), start: engine.prepare(start), no: engine.prepare(no) };
}
