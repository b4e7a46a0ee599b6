import { advanced, isOver, limits, redeliver, selects } from '@recalld/domain';
import type { AppNo, Instant, Redeliveries, RedeliveryJob, RedeliverySelection } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import { pageOf, placeIn } from '../paging.js';
import type { RedeliveryJobsTable, Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import {
  atPlace,
  deliveryAt,
  deliveryId,
  keyOf,
  parseDeliveryId,
  stateColumns,
  stateOf,
} from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import { createCandidates } from './redeliveryCandidates.js';
import type { RuleBook } from './ruleBook.js';

export interface RedeliveriesDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly rules: RuleBook;
  readonly positionBefore: (instant: Instant) => number;
}

export function createRedeliveries(deps: RedeliveriesDeps): Redeliveries {
  const { db, writer, rules } = deps;
  const candidatesOf = createCandidates(deps);
  const jobs = (app: AppNo) => db.selectFrom('redelivery_jobs').selectAll().where('app_no', '=', app);
  const unfinished = () => db.selectFrom('redelivery_jobs').where('finished_at', 'is', null);
  const nextUnfinished = () => unfinished().selectAll().orderBy('turn').limit(1);

  function* lastTurn(): Write<number> {
    const [last] = yield* rows(unfinished().select('turn').orderBy('turn', 'desc').limit(1));
    return last?.turn ?? 0;
  }

  const isRemoved = (row: DeliveryRow): boolean => rules.find(row.rule_id)?.removed ?? true;

  /**
   * False for one that somebody has in hand. What was over has left its place in its conversation: it
   * goes out beside the others and holds none of them up.
   */
  function* queueAgain(row: DeliveryRow, now: Instant): Write<boolean> {
    const state = stateOf(row);
    const next = redeliver(state, now);
    if (next === 'underway') return false;
    yield db
      .updateTable('deliveries')
      .set({ ...stateColumns(next), ...(isOver(state) ? { order_key: null } : {}) })
      .where((e) => atPlace(e, keyOf(row)));
    return true;
  }

  function* one(app: AppNo, id: string, now: Instant): Write<'queued' | 'underway' | 'unknown'> {
    const named = parseDeliveryId(id);
    if (named === undefined) return 'unknown';
    const [row] = yield* rows(deliveryAt(db, { ...named, app }));
    if (row === undefined || isRemoved(row)) return 'unknown';
    return (yield* queueAgain(row, now)) ? 'queued' : 'underway';
  }

  function* start(started: Omit<RedeliveryJob, 'queued' | 'finishedAt'>): Write<RedeliveryJob | 'tooMany'> {
    const { id, app, selection, createdAt } = started;
    const running = yield* rows(unfinished().select('job_id').where('app_no', '=', app));
    if (running.length >= limits.redeliveryJobsRunningMax) return 'tooMany';
    yield db.insertInto('redelivery_jobs').values({
      job_id: id,
      app_no: app,
      selection: JSON.stringify(selection),
      created_at: createdAt,
      queued: 0,
      turn: (yield* lastTurn()) + 1,
    });
    return { ...started, queued: 0, finishedAt: null };
  }

  function* step(now: Instant, max: number): Write<{ readonly more: boolean; readonly queued: boolean }> {
    const [row] = yield* rows(nextUnfinished());
    if (row === undefined) return { more: false, queued: false };
    const job = toJob(row);
    const { looked, place } = yield* candidatesOf(job, row.place, max);
    let queued = 0;
    for (const delivery of looked) {
      if (isRemoved(delivery) || !selects(job.selection, selectable(delivery))) continue;
      if (yield* queueAgain(delivery, now)) queued += 1;
    }
    const next = advanced(job, queued, place === null ? now : null);
    yield db
      .updateTable('redelivery_jobs')
      .set({ queued: next.queued, finished_at: next.finishedAt, place, turn: (yield* lastTurn()) + 1 })
      .where('job_id', '=', job.id);
    const more = place !== null || (yield* rows(nextUnfinished())).length > 0;
    return { more, queued: queued > 0 };
  }

  return {
    one: (app, id, now) => writer.write(() => one(app, id, now)),
    start: (job) => writer.write(() => start(job)),
    step: (now, max) => writer.write(() => step(now, max)),
    async find(app, id) {
      const row = await jobs(app).where('job_id', '=', id).executeTakeFirst();
      return row && toJob(row);
    },
    async page({ app, from, limit }) {
      const after = placeIn(from, 'number', 'string');
      const found = await jobs(app)
        .$if(after !== undefined, (q) =>
          q.where((e) =>
            e(e.refTuple('created_at', 'job_id'), '<', e.tuple(after?.[0] ?? 0, after?.[1] ?? '')),
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('job_id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(found, limit, (row) => [row.created_at, row.job_id], toJob);
    },
  };
}

function toJob(row: Selectable<RedeliveryJobsTable>): RedeliveryJob {
  return {
    id: row.job_id,
    app: row.app_no,
    // Stored as it was checked when the job started.
    selection: JSON.parse(row.selection) as RedeliverySelection,
    createdAt: row.created_at,
    queued: row.queued,
    finishedAt: row.finished_at,
  };
}

function selectable(row: DeliveryRow) {
  return { id: deliveryId(row), ruleId: row.rule_id, createdAt: row.created_at, state: stateOf(row) };
}
