import { assert, itemIdOf, parseTimeline } from '@recalld/domain';
import type { AppNo, NewEvent, TimelineId, Unit } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import type { StampColumns } from '../eventRows.js';
import type { TimelinesTable } from '../schema.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';

type TimelineStamps = Pick<StampColumns, 'timeline' | 'timeline_position' | 'message_seq'>;

const noStamps: TimelineStamps = { timeline: null, timeline_position: null, message_seq: null };

/** How much a batch puts into one timeline. */
interface Growth {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  items: number;
  messages: number;
}

/** A timeline's counters after a batch was counted in. */
interface Raised {
  readonly app_no: AppNo;
  readonly timeline: TimelineId;
  readonly timeline_no: number;
  readonly head: number;
  readonly messages: number;
}

interface Counter {
  readonly no: number;
  head: number;
  messages: number;
}

/** Gives events their places in timelines, in order. */
export interface Stamper {
  /** No stamps for an event that puts no item into a timeline. */
  stamp(app: AppNo, timeline: TimelineId | undefined, event: NewEvent): TimelineStamps;
  /** The number of a timeline that the batch puts something into. */
  no(app: AppNo, timeline: TimelineId): number;
}

/** The counters that stamp an item's position and a message's MsgSeq. */
export interface TimelineCounters {
  /**
   * Raises the counters of every timeline that the units put something into. Who raises one holds it
   * until the transaction ends: positions of a timeline are in the order of commits.
   */
  raise(growths: readonly Growth[]): Each<Raised>;
}

export function createTimelineCounters({ statements }: Reads): TimelineCounters {
  const raise = statements.insert(
    'timelines',
    { app_no: 'whole', timeline: 'text', head: 'whole', messages: 'whole', user_a: 'text', user_b: 'text' },
    sql<Raised>`
      on conflict (app_no, timeline) do update
      set head = timelines.head + excluded.head, messages = timelines.messages + excluded.messages
      returning app_no, timeline, timeline_no, head, messages`,
  );
  return {
    raise: (growths) =>
      each(
        raise,
        growths.map(({ app, timeline, items, messages }) => ({
          app_no: app,
          timeline,
          head: items,
          messages,
          ...pairOf(timeline),
        })),
      ),
  };
}

/** Whose timeline it is, as its row says. */
export function pairOf(timeline: TimelineId): Pick<TimelinesTable, 'user_a' | 'user_b'> {
  const parsed = parseTimeline(timeline);
  return parsed.kind === 'pair'
    ? { user_a: parsed.userA, user_b: parsed.userB }
    : { user_a: null, user_b: null };
}

/** How much each timeline grows, in one order everywhere: batches that share timelines wait for each other, not both ways. */
export function growthsOf(units: readonly Unit[]): readonly Growth[] {
  const byKey = new Map<string, Growth>();
  for (const { app, appends } of units) {
    for (const { timeline, events } of appends) {
      if (timeline === undefined) continue;
      const key = timelineKey(app, timeline);
      const growth = byKey.get(key) ?? { app, timeline, items: 0, messages: 0 };
      growth.items += events.filter(putsItem).length;
      growth.messages += events.filter(({ type }) => type === 'MessageSent').length;
      byKey.set(key, growth);
    }
  }
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, growth]) => growth);
}

/** Timelines are taken in the order of these. */
export const timelineKey = (app: AppNo, timeline: TimelineId): string => `${app}/${timeline}`;

function putsItem(event: NewEvent): boolean {
  return itemIdOf(event) !== undefined;
}

/** Counts on from where the timelines stood before the batch. */
export function createStamper(growths: readonly Growth[], raised: readonly Raised[]): Stamper {
  const grown = new Map(growths.map((growth) => [timelineKey(growth.app, growth.timeline), growth]));
  const counters = new Map(
    raised.map(({ app_no: app, timeline, timeline_no: no, head, messages }) => {
      const growth = grown.get(timelineKey(app, timeline));
      assert(growth !== undefined, `the batch puts something into ${timeline}`);
      const counter: Counter = { no, head: head - growth.items, messages: messages - growth.messages };
      return [timelineKey(app, timeline), counter] as const;
    }),
  );

  return {
    stamp(app, timeline, event) {
      if (!putsItem(event)) return noStamps;
      const counter = timeline === undefined ? undefined : counters.get(timelineKey(app, timeline));
      assert(timeline !== undefined && counter !== undefined, `a ${event.type} names its timeline`);
      counter.head += 1;
      const isMessage = event.type === 'MessageSent';
      if (isMessage) counter.messages += 1;
      return { timeline, timeline_position: counter.head, message_seq: isMessage ? counter.messages : null };
    },
    no(app, timeline) {
      const counter = counters.get(timelineKey(app, timeline));
      assert(counter !== undefined, `the batch has counted ${timeline}`);
      return counter.no;
    },
  };
}
