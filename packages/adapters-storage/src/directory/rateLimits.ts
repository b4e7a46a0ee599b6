import { setImmediate as nextImmediate } from 'node:timers/promises';
import { assert, bucketOf, changedRateLimits, takeRates } from '@recalld/domain';
import type {
  AppNo,
  Instant,
  RateLimitChange,
  RateLimits,
  RateLimitSettings,
  RatesTaken,
  RateUse,
  RateWindow,
} from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import type { RateWindowsTable } from '../schema.js';
import { changes as rowsChanged, each, rows } from '../steps.js';
import type { Query, Steps } from '../steps.js';
import { rateLimitsColumn, toRateLimits } from './appBook.js';
import type { GenerationCounter } from './generations.js';

interface Taker {
  readonly app: AppNo;
  readonly uses: readonly RateUse[];
  readonly now: Instant;
  resolve(taken: RatesTaken): void;
  reject(fault: unknown): void;
}

const kinds = { app_no: 'whole', bucket: 'text', window_start: 'whole', used: 'whole' } as const;

/**
 * Counts on rows that all nodes share. Who comes while a node is at it waits for its next turn: a busy
 * bucket then holds one connection of each node, however many ask.
 */
export function createRateLimits(database: Database, generations: GenerationCounter): RateLimits {
  const { takeAll, change, over } = createRateSteps(database, generations);
  let waiting: Taker[] = [];
  let busy = false;

  async function serve(): Promise<void> {
    busy = true;
    await nextImmediate();
    while (waiting.length > 0) {
      const takers = waiting;
      waiting = [];
      try {
        const answers = await database.writeRelaxed(() => takeAll(takers));
        for (const [taker, taken] of answers) taker.resolve(taken);
      } catch (fault) {
        for (const taker of takers) taker.reject(fault);
      }
    }
    busy = false;
  }

  return {
    take: (app, uses, now) =>
      new Promise((resolve, reject) => {
        waiting.push({ app, uses, now, resolve, reject });
        if (!busy) void serve();
      }),
    change: (app, changes) => database.write(() => change(app, changes)),
    forget: (before, max) => database.writeRelaxed(() => rowsChanged(over(before, max))),
  };
}

function createRateSteps({ db, statements, words }: Database, generations: GenerationCounter) {
  // What is there stands still from here on, and what is not is made: one statement either way.
  const hold = statements.insert(
    'rate_windows',
    kinds,
    sql<RateWindowsTable>`on conflict (app_no, bucket) do update set used = rate_windows.used
      returning app_no, bucket, window_start, used`,
  );
  const put = statements.change<RateWindowsTable>(kinds)((row, start) =>
    start
      .update('rate_windows')
      .set({ window_start: row.window_start, used: row.used })
      .where('app_no', '=', row.app_no)
      .where('bucket', '=', row.bucket),
  );

  function* takeAll(takers: readonly Taker[]): Steps<readonly (readonly [Taker, RatesTaken])[]> {
    const held = yield* rows(each(hold, unusedWindows(takers)));
    const known = windowsByApp(held);
    const changed = new Map<string, RateWindowsTable>();
    const answers = takers.map((taker) => {
      const windows = known.get(taker.app) ?? new Map<string, RateWindow>();
      const { taken, windows: after } = takeRates(windows, taker.uses, taker.now);
      for (const [bucket, { startedAt, used }] of after) {
        windows.set(bucket, { startedAt, used });
        changed.set(rowKey(taker.app, bucket), { app_no: taker.app, bucket, window_start: startedAt, used });
      }
      return [taker, taken] as const;
    });
    yield each(put, [...changed.values()]);
    return answers;
  }

  /** Those that somebody holds are in use. */
  function over(before: Instant, max: number): Query {
    const found = db
      .selectFrom('rate_windows')
      .select(['app_no', 'bucket'])
      .where('window_start', '<', before)
      .orderBy('window_start')
      .limit(max)
      .modifyEnd(words.forUpdateSkipLocked)
      .$asTuple('app_no', 'bucket');
    return db.deleteFrom('rate_windows').where((e) => e(e.refTuple('app_no', 'bucket'), 'in', found));
  }

  function* change(no: AppNo, changes: RateLimitChange): Steps<RateLimitSettings> {
    const [found] = yield* rows(db.selectFrom('apps').select('rate_limits').where('app_no', '=', no));
    assert(found !== undefined, `app ${no} is there`);
    const settings = changedRateLimits(toRateLimits(found.rate_limits), changes);
    const column = rateLimitsColumn(settings);
    yield db.updateTable('apps').set({ rate_limits: column }).where('app_no', '=', no);
    yield generations.raised('apps');
    return settings;
  }

  return { takeAll, change, over };
}

function rowKey(app: AppNo, bucket: string): string {
  return `${app}/${bucket}`;
}

/** A row of each window that somebody asks for, in the order in which every node holds them. */
function unusedWindows(takers: readonly Taker[]): readonly RateWindowsTable[] {
  const byKey = new Map<string, RateWindowsTable>();
  for (const { app, uses } of takers) {
    for (const use of uses) {
      const bucket = bucketOf(use);
      byKey.set(rowKey(app, bucket), { app_no: app, bucket, window_start: 0, used: 0 });
    }
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function windowsByApp(held: readonly RateWindowsTable[]): Map<AppNo, Map<string, RateWindow>> {
  const byApp = new Map<AppNo, Map<string, RateWindow>>();
  for (const { app_no, bucket, window_start, used } of held) {
    const windows = byApp.get(app_no) ?? new Map<string, RateWindow>();
    byApp.set(app_no, windows.set(bucket, { startedAt: window_start, used }));
  }
  return byApp;
}
