import type { AppNo, Position, TimelineId } from '@recalld/domain';
import { timelineKey } from '../commands/timelineCounters.js';
import { each, rows } from '../steps.js';
import type { Check, CheckDeps } from './check.js';
import type { Finding } from './finding.js';

/** As many as fit into memory with room to spare; more are counted in several passes over the log. */
const timelinesPerPass = 200_000;
const eventsPerPiece = 5_000;
const countersPerPiece = 1_000;

interface Reached {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  position: number;
  seq: number;
}

/** What is in the log never changes: here nothing is looked at twice. Counters are read last, and only grow. */
export const timelines: Check = {
  name: 'timelines',
  async *run(deps) {
    const passes = await passesOf(deps);
    let looked = 0;
    for (let pass = 0; pass < passes; pass += 1) {
      const reached = new Map<string, Reached>();
      looked += yield* countEvents(deps, reached, (key) => bucketOf(key, passes) === pass);
      yield* compareCounters(deps, [...reached.values()]);
    }
    return looked;
  },
};

async function passesOf({ reads }: CheckDeps): Promise<number> {
  const count = reads.db.selectFrom('timelines').select((e) => e.fn.countAll<number | string>().as('count'));
  const [row] = await reads.read(() => rows(count));
  return Math.max(1, Math.ceil(Number(row?.count ?? 0) / timelinesPerPass));
}

function bucketOf(key: string, buckets: number): number {
  let hash = 0;
  for (let n = 0; n < key.length; n += 1) hash = (hash * 31 + key.charCodeAt(n)) >>> 0;
  return hash % buckets;
}

/** Positions and MsgSeq of a timeline grow with the log. */
async function* countEvents(
  { reads, horizon, stop }: CheckDeps,
  reached: Map<string, Reached>,
  isMine: (key: string) => boolean,
): AsyncGenerator<Finding, number> {
  let looked = 0;
  for (let after: Position | undefined = 0; after !== undefined;) {
    stop.throwIfAborted();
    const from: Position = after;
    const found = await reads.read(() => rows(placesBehind(reads, from, horizon)));
    for (const row of found) {
      if (row.timeline === null) continue;
      const key = timelineKey(row.app_no, row.timeline);
      if (!isMine(key)) continue;
      const known = reached.get(key) ?? { app: row.app_no, timeline: row.timeline, position: 0, seq: 0 };
      yield* count(known, row);
      reached.set(key, known);
      looked += 1;
    }
    after = found.length < eventsPerPiece ? undefined : found.at(-1)?.position;
  }
  return looked;
}

function placesBehind({ db }: CheckDeps['reads'], after: Position, horizon: Position) {
  return db
    .selectFrom('events')
    .select(['position', 'app_no', 'timeline', 'timeline_position', 'message_seq'])
    .where('position', '>', after)
    .where('position', '<=', horizon)
    .orderBy('position')
    .limit(eventsPerPiece);
}

function* count(
  known: Reached,
  row: {
    readonly position: Position;
    readonly timeline_position: number | null;
    readonly message_seq: number | null;
  },
): Generator<Finding, void> {
  const { app, timeline } = known;
  const at = row.timeline_position ?? 0;
  const about = { timeline, position: row.position };
  if (at <= known.position) yield { kind: 'timelinePosition', app, about };
  known.position = Math.max(known.position, at);
  if (row.message_seq === null) return;
  if (row.message_seq <= known.seq) yield { kind: 'messageSeq', app, about };
  known.seq = Math.max(known.seq, row.message_seq);
}

async function* compareCounters(
  { reads }: CheckDeps,
  reached: readonly Reached[],
): AsyncGenerator<Finding, void> {
  const counter = reads.statements.select<{ app: AppNo; timeline: TimelineId }>({
    app: 'whole',
    timeline: 'text',
  })(({ app, timeline }) =>
    reads.db
      .selectFrom('timelines')
      .select(['app_no', 'timeline', 'head', 'messages'])
      .where('app_no', '=', app)
      .where('timeline', '=', timeline),
  );
  for (let from = 0; from < reached.length; from += countersPerPiece) {
    const piece = reached.slice(from, from + countersPerPiece);
    const keys = piece.map(({ app, timeline }) => ({ app, timeline }));
    const found = await reads.read(() => rows(each(counter, keys)));
    const counters = new Map(found.map((row) => [timelineKey(row.app_no, row.timeline), row]));
    for (const { app, timeline, position, seq } of piece) {
      const row = counters.get(timelineKey(app, timeline));
      if (row !== undefined && row.head >= position && row.messages >= seq) continue;
      yield { kind: 'counterBehind', app, about: { timeline } };
    }
  }
}
