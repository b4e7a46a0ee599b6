import { advanced, isOver, limits, redeliver, selects } from '@recalld/domain';
import type { AppNo, Instant, Redeliveries, RedeliveryJob, RedeliverySelection } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { Database } from '../engines/database.js';
import { pageOf, placeIn } from '../paging.js';
import type { PositionBefore } from '../readers/positionBefore.js';
import type { RedeliveryJobsTable } from '../callbackTables.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import {
  createWriteStates,
  deliveryAt,
  deliveryId,
  keyOf,
  parseDeliveryId,
  stateColumns,
  stateOf,
} from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import { createHoldRules } from './holdRules.js';
import { createCandidates } from './redeliveryCandidates.js';

export interface RedeliveriesDeps {
  readonly database: Database;
  readonly positionBefore: PositionBefore;
}

export function createRedeliveries(deps: RedeliveriesDeps): Redeliveries {
  const { database } = deps;
  const { db } = database;
  const holdRules = createHoldRules(database);
  const writeStates = createWriteStates(database.statements);
  const candidatesOf = createCandidates(deps);
  const jobs = (app: AppNo) => db.selectFrom('redelivery_jobs').selectAll().where('app_no', '=', app);
  const unfinished = () => db.selectFrom('redelivery_jobs').where('finished_at', 'is', null);
  const nextUnfinished = () => unfinished().selectAll().orderBy('turn').limit(1);

  function* lastTurn(): Steps<number> {
    const [last] = yield* rows(unfinished().select('turn').orderBy('turn', 'desc').limit(1));
    return last?.turn ?? 0;
  }

  /**
   * Answers how many go out again; the others belong to removed rules, or somebody has them in hand.
   * What was over has left its place in its conversation: it goes out beside the others and holds none
   * of them up.
   */
  function* queueAgain(found: readonly DeliveryRow[], now: Instant): Steps<number> {
    const held = yield* rows(holdRules(found.map((row) => row.rule_id)));
    const living = new Set(held.filter(({ removed }) => removed === 0).map((rule) => rule.rule_id));
    const queued = found.flatMap((row) => {
      const state = stateOf(row);
      const next = redeliver(state, now);
      if (next === 'underway' || !living.has(row.rule_id)) return [];
      return [{ ...keyOf(row), ...stateColumns(next), order_key: isOver(state) ? null : row.order_key }];
    });
    yield each(writeStates, queued);
    return queued.length;
  }

  function* one(app: AppNo, id: string, now: Instant): Steps<'queued' | 'underway' | 'unknown'> {
    const named = parseDeliveryId(id);
    if (named === undefined) return 'unknown';
    const [rule] = yield* rows(holdRules([named.ruleId]));
    const [row] = yield* rows(deliveryAt(db, { ...named, app }));
    if (row === undefined || rule?.removed !== 0) return 'unknown';
    return (yield* queueAgain([row], now)) > 0 ? 'queued' : 'underway';
  }

  function* start(started: Omit<RedeliveryJob, 'queued' | 'finishedAt'>): Steps<RedeliveryJob | 'tooMany'> {
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

  function* step(now: Instant, max: number): Steps<{ readonly more: boolean; readonly queued: boolean }> {
    const [row] = yield* rows(nextUnfinished());
    if (row === undefined) return { more: false, queued: false };
    const job = toJob(row);
    const { looked, place } = yield* candidatesOf(job, row.place, max);
    const selected = looked.filter((delivery) => selects(job.selection, selectable(delivery)));
    const queued = yield* queueAgain(selected, now);
    const next = advanced(job, queued, place === null ? now : null);
    yield db
      .updateTable('redelivery_jobs')
      .set({ queued: next.queued, finished_at: next.finishedAt, place, turn: (yield* lastTurn()) + 1 })
      .where('job_id', '=', job.id);
    const more = place !== null || (yield* rows(nextUnfinished())).length > 0;
    return { more, queued: queued > 0 };
  }

  return {
    one: (app, id, now) => database.write(() => one(app, id, now)),
    start: (job) => database.write(() => start(job)),
    step: (now, max) => database.write(() => step(now, max)),
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
