import { limits } from '@recalld/domain';
import type { AppNo, FinishedDeliveries, Instant, Position } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import type { PositionBefore } from '../readers/positionBefore.js';
import { fill, template } from '../statements.js';
import { changes, each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { atPlace, keyKinds } from './deliveryRows.js';
import type { DeliveryKey } from './deliveryRows.js';
import type { RuleBook, Rules } from './ruleBook.js';

export interface FinishedDeliveriesDeps {
  readonly database: Database;
  readonly rules: RuleBook;
  readonly positionBefore: PositionBefore;
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
  const { database, positionBefore } = deps;
  const lookAtAttempts = createLookAtAttempts(deps);
  const lookAtDeliveries = createLookAtDeliveries(deps);
  const forgetAttempts = createWalk<AttemptKey>(
    (from, task) => database.writeRelaxed(() => lookAtAttempts(from, task)),
    (place, other) => isLess(attemptPlace(place), attemptPlace(other)),
  );
  const forgetDeliveries = createWalk<DeliveryKey>(
    (from, task) => database.writeRelaxed(() => lookAtDeliveries(from, task)),
    (place, other) => isLess(deliveryPlace(place), deliveryPlace(other)),
  );
  const forgetJobs = createForgetJobs(deps);
  return {
    async forget(before, limit, goOn = () => true) {
      // Clocks of nodes differ: what is old may stand a little behind what is young.
      const through = await database.read(() => positionBefore(before + limits.clockSkewMsMax));
      const jobs = await database.writeRelaxed(() => forgetJobs(before, limit));
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

function createForgetJobs({ database: { db } }: FinishedDeliveriesDeps) {
  return function* forgetJobs(before: Instant, max: number): Steps<number> {
    const old = db
      .selectFrom('redelivery_jobs')
      .select('job_id')
      .where('finished_at', '<', before)
      .orderBy('finished_at')
      .limit(Math.min(max, jobsPerCall));
    return yield* changes(db.deleteFrom('redelivery_jobs').where('job_id', 'in', old));
  };
}

/** Of some rows, those to forget, up to `max` of them. */
interface Chosen<K> {
  readonly old: readonly K[];
  /** The last row that somebody is done with once they are forgotten. */
  readonly next: K;
  /** There are no more. */
  readonly isThrough: boolean;
}

function choose<K>(from: K, found: readonly K[], max: number, isOld: (row: K) => boolean): Chosen<K> {
  const old: K[] = [];
  let next = from;
  for (const row of found) {
    if (isOld(row)) {
      if (old.length === max) return { old, next, isThrough: false };
      old.push(row);
    }
    next = row;
  }
  return { old, next, isThrough: found.length < rowsPerLook };
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

function createLookAtAttempts({ database: { db, statements } }: FinishedDeliveriesDeps) {
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
  const removal = statements.change<AttemptKey>({ firstPosition: 'whole', ruleId: 'text', n: 'whole' })(
    (key, of) =>
      of
        .deleteFrom('delivery_attempts')
        .where('first_position', '=', key.firstPosition)
        .where('rule_id', '=', key.ruleId)
        .where('n', '=', key.n),
  );
  const start = { firstPosition: 0, ruleId: '', n: 0 };

  return function* look(place: AttemptKey | undefined, task: Task): Steps<Look<AttemptKey>> {
    const { before, through, max } = task;
    const from = { ...(place ?? start), at: before };
    const found = yield* rows(fill(next, { ...from, through }));
    const { old, next: last, isThrough } = choose(from, found, max, ({ at }) => at < before);
    yield each(removal, old);
    return { next: isThrough ? undefined : last, forgotten: old.length };
  };
}

/** The rows of one app after the other: each app's keys begin with its oldest delivery. */
function createLookAtDeliveries({ database: { db, statements }, rules }: FinishedDeliveriesDeps) {
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
  const removal = statements.change<DeliveryKey>(keyKinds)((key, of) =>
    of.deleteFrom('deliveries').where((e) => atPlace(e, key)),
  );
  const removalOfOver = statements.change<DeliveryKey>(keyKinds)((key, of) =>
    of
      .deleteFrom('deliveries')
      .where((e) => atPlace(e, key))
      // Not one that somebody sent again since it was looked at.
      .where('due_at', 'is', null),
  );
  const start: DeliveryKey = { app: 0, firstPosition: 0, ruleId: '' };

  return function* look(place: DeliveryKey | undefined, task: Task): Steps<Look<DeliveryKey>> {
    const { before, through, max } = task;
    const from = { ...(place ?? start), stage: 'pending' as const, at: before };
    const found = yield* rows(fill(next, { ...from, through }));
    const living = yield* livingRules(yield* rules.open(), found);
    const isOld = ({ at, stage, ruleId }: (typeof found)[number]) =>
      at < before && (stage === 'delivered' || !living.has(ruleId));
    const { old, next: last, isThrough } = choose<(typeof found)[number]>(from, found, max, isOld);
    const isOfLiving = ({ ruleId }: DeliveryKey) => living.has(ruleId);
    yield [
      each(removalOfOver, old.filter(isOfLiving)),
      each(
        removal,
        old.filter((key) => !isOfLiving(key)),
      ),
    ];
    if (!isThrough) return { next: last, forgotten: old.length };
    const [app] = yield* rows(fill(appAfter, from));
    return { next: app && { ...start, app: app.app_no }, forgotten: old.length };
  };
}

/** The rules of some deliveries that are not removed: their dead ones stay, for somebody to send them again. */
function* livingRules(book: Rules, found: readonly DeliveryKey[]): Steps<ReadonlySet<string>> {
  const living = new Set<string>();
  for (const ruleId of new Set(found.map((row) => row.ruleId))) {
    if ((yield* book.find(ruleId))?.removed === false) living.add(ruleId);
  }
  return living;
}
