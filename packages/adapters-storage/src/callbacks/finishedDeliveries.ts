import type { AppNo, FinishedDeliveries, Instant, Position } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import type { SqlQuery } from '../statements.js';
import { changes, rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { atPlace } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';
import type { RuleBook } from './ruleBook.js';

export interface FinishedDeliveriesDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly rules: RuleBook;
  readonly positionBefore: (instant: Instant) => Position;
}

/** Rows that one transaction looks at: what workers write goes in between. */
const rowsPerLook = 500;
/** Rows that one transaction removes: each costs as much as ten that are looked at. */
const removalsPerLook = 100;
/** Of each table, in one call. */
const looksPerCall = 20;

/** What is old, and how much of it one call may forget. */
interface Task {
  readonly before: Instant;
  /** Nothing that is old has its first event behind this position. */
  readonly through: Position;
  readonly max: number;
}

/** What one look at a table's old rows came to. */
interface Look<K> {
  /** Where the next one goes on; undefined at the end. */
  readonly next: K | undefined;
  readonly forgotten: number;
}

export function createFinishedDeliveries(deps: FinishedDeliveriesDeps): FinishedDeliveries {
  const { writer, positionBefore } = deps;
  const lookAtAttempts = createLookAtAttempts(deps);
  const lookAtDeliveries = createLookAtDeliveries(deps);
  const forgetAttempts = createWalk<AttemptKey>(
    (from, task) => writer.writeRelaxed(() => lookAtAttempts(from, task)),
    (place, other) => isLess(attemptPlace(place), attemptPlace(other)),
  );
  const forgetDeliveries = createWalk<DeliveryKey>(
    (from, task) => writer.writeRelaxed(() => lookAtDeliveries(from, task)),
    (place, other) => isLess(deliveryPlace(place), deliveryPlace(other)),
  );
  const forgetJobs = createForgetJobs(deps);
  return {
    async forget(before, limit, goOn = () => true) {
      const through = positionBefore(before);
      const jobs = await writer.writeRelaxed(() => forgetJobs(before, limit));
      const attempts = await forgetAttempts({ before, through, max: limit - jobs }, goOn);
      const deliveries = await forgetDeliveries({ before, through, max: limit - jobs - attempts }, goOn);
      return jobs + attempts + deliveries;
    },
  };
}

/**
 * Walks through old rows by their keys, so that nothing young is looked at. What stays there, dead
 * deliveries above all, may be much: a call goes on where the last one stopped, looks at so many rows
 * and at none of them twice.
 */
function createWalk<K>(
  look: (from: K | undefined, task: Task) => Promise<Look<K>>,
  isBefore: (place: K, other: K) => boolean,
) {
  let place: K | undefined;
  return async function walk(task: Task, goOn: () => boolean): Promise<number> {
    const start = place;
    let forgotten = 0;
    let isLastRound = start === undefined;
    for (let looks = 0; looks < looksPerCall && forgotten < task.max && goOn(); looks += 1) {
      const max = Math.min(task.max - forgotten, removalsPerLook);
      const found = await look(place, { ...task, max });
      forgotten += found.forgotten;
      place = found.next;
      if (place === undefined && isLastRound) break;
      if (place === undefined) isLastRound = true;
      else if (isLastRound && start !== undefined && !isBefore(place, start)) break;
    }
    return forgotten;
  };
}

/** One that names many deliveries is long: a few at a time. */
const jobsPerCall = 20;

function createForgetJobs({ db }: FinishedDeliveriesDeps) {
  return function* forgetJobs(before: Instant, max: number): Write<number> {
    const old = db
      .selectFrom('redelivery_jobs')
      .select('job_id')
      .where('finished_at', '<', before)
      .orderBy('finished_at')
      .limit(Math.min(max, jobsPerCall));
    return yield* changes(db.deleteFrom('redelivery_jobs').where('job_id', 'in', old));
  };
}

/** Forgets those of some rows that are old, up to `max`; `next` is the last row that it is done with. */
function* forgetOld<K>(
  from: K,
  found: readonly K[],
  max: number,
  { isOld, remove }: { readonly isOld: (row: K) => boolean; readonly remove: (row: K) => SqlQuery },
): Write<{ readonly next: K; readonly forgotten: number; readonly isThrough: boolean }> {
  let next = from;
  let forgotten = 0;
  for (const row of found) {
    if (isOld(row)) {
      if (forgotten === max) return { next, forgotten, isThrough: false };
      yield remove(row);
      forgotten += 1;
    }
    next = row;
  }
  return { next, forgotten, isThrough: found.length < rowsPerLook };
}

interface AttemptKey {
  readonly firstPosition: Position;
  readonly ruleId: string;
  readonly n: number;
}

type Place = readonly (number | string)[];

const attemptPlace = ({ firstPosition, ruleId, n }: AttemptKey): Place => [firstPosition, ruleId, n];
const deliveryPlace = ({ app, firstPosition, ruleId }: DeliveryKey): Place => [app, firstPosition, ruleId];

/** Compared part by part, as SQLite orders keys of ASCII. */
function isLess(a: Place, b: Place): boolean {
  const part = a.findIndex((value, index) => value !== b[index]);
  return part !== -1 && (a[part] ?? 0) < (b[part] ?? 0);
}

function createLookAtAttempts({ db }: FinishedDeliveriesDeps) {
  const next = template<AttemptKey & { through: Position }>()((from) =>
    db
      .selectFrom('delivery_attempts')
      .select(['first_position as firstPosition', 'rule_id as ruleId', 'n', 'requested_at as at'])
      .where((e) =>
        e(
          e.refTuple('first_position', 'rule_id', 'n'),
          '>',
          e.tuple(from.firstPosition, from.ruleId, from.n),
        ),
      )
      .where('first_position', '<=', from.through)
      .orderBy('first_position')
      .orderBy('rule_id')
      .orderBy('n')
      .limit(rowsPerLook),
  );
  const removal = template<AttemptKey>()((key) =>
    db
      .deleteFrom('delivery_attempts')
      .where('first_position', '=', key.firstPosition)
      .where('rule_id', '=', key.ruleId)
      .where('n', '=', key.n),
  );
  const start = { firstPosition: 0, ruleId: '', n: 0 };

  return function* look(place: AttemptKey | undefined, task: Task): Write<Look<AttemptKey>> {
    const { before, through, max } = task;
    const from = { ...(place ?? start), at: before };
    const found = yield* rows(fill(next, { ...from, through }));
    const done = yield* forgetOld(from, found, max, {
      isOld: ({ at }) => at < before,
      remove: (row) => fill(removal, row),
    });
    return { next: done.isThrough ? undefined : done.next, forgotten: done.forgotten };
  };
}

/** The rows of one app after the other: each app's keys begin with its oldest delivery. */
function createLookAtDeliveries({ db, rules }: FinishedDeliveriesDeps) {
  const next = template<DeliveryKey & { through: Position }>()((from) =>
    db
      .selectFrom('deliveries')
      .select(['app_no as app', 'first_position as firstPosition', 'rule_id as ruleId'])
      .select(['stage', 'created_at as at'])
      .where('app_no', '=', from.app)
      .where((e) => e(e.refTuple('first_position', 'rule_id'), '>', e.tuple(from.firstPosition, from.ruleId)))
      .where('first_position', '<=', from.through)
      .orderBy('first_position')
      .orderBy('rule_id')
      .limit(rowsPerLook),
  );
  const appAfter = template<{ app: AppNo }>()(({ app }) =>
    db.selectFrom('apps').select('app_no').where('app_no', '>', app).orderBy('app_no').limit(1),
  );
  const removal = template<DeliveryKey>()((key) => db.deleteFrom('deliveries').where((e) => atPlace(e, key)));
  const start: DeliveryKey = { app: 0, firstPosition: 0, ruleId: '' };

  /** Dead ones of a living rule stay, for somebody to send them again. */
  const isFinished = (stage: DeliveryRow['stage'], ruleId: string) =>
    stage === 'delivered' || (stage === 'dead' && (rules.find(ruleId)?.removed ?? true));

  return function* look(place: DeliveryKey | undefined, task: Task): Write<Look<DeliveryKey>> {
    const { before, through, max } = task;
    const from = { ...(place ?? start), stage: 'pending' as const, at: before };
    const found = yield* rows(fill(next, { ...from, through }));
    const done = yield* forgetOld<(typeof found)[number]>(from, found, max, {
      isOld: ({ at, stage, ruleId }) => at < before && isFinished(stage, ruleId),
      remove: (row) => fill(removal, row),
    });
    if (!done.isThrough) return done;
    const [app] = yield* rows(fill(appAfter, from));
    return { next: app && { ...start, app: app.app_no }, forgotten: done.forgotten };
  };
}
