import type {
  AppNo,
  Attempt,
  DeliveryReader,
  DeliveryStatusFilter,
  DeliveryView,
  Log,
  Position,
} from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { pageOf, placeIn } from '../paging.js';
import type { DeliveryAttemptsTable } from '../callbackTables.js';
import type { Schema } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { UnreadableDelivery } from './deliveryParts.js';
import type { PartsOf } from './deliveryParts.js';
import { atPlace, deliveriesOf, deliveryId, deliveryKeys, parseDeliveryId } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import { stateShown, unburiedRules } from './removedRules.js';
import type { RuleBook } from './ruleBook.js';

export interface DeliveryReaderDeps {
  readonly reads: Reads;
  readonly rules: RuleBook;
  readonly partsOf: PartsOf;
  readonly log: Log | undefined;
}

interface ViewRow extends DeliveryRow {
  readonly rule_removed: number | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

/** Deliveries as the management API lists them. */
export function createDeliveryReader({ reads, rules, partsOf, log }: DeliveryReaderDeps): DeliveryReader {
  const { db } = reads;

  /** Without those that cannot be read any more: they must not keep somebody from all others. */
  function* viewsOf(found: readonly ViewRow[]): Steps<readonly DeliveryView[]> {
    const parts = yield* partsOf(found, yield* rules.open());
    return found.flatMap((row, n) => {
      const read = parts[n];
      if (read !== undefined && !(read instanceof UnreadableDelivery))
        return [{ ...read, ...viewColumns(row) }];
      log?.error({ err: read, delivery: deliveryId(row) }, 'a delivery cannot be read; it is not shown');
      return [];
    });
  }

  function* removedOf(app: AppNo): Steps<readonly string[]> {
    const found = yield* rows(unburiedRules(db).where('app_no', '=', app));
    return found.map((rule) => rule.rule_id);
  }

  function* page({
    app,
    status,
    ruleId,
    from,
    limit,
  }: PageQuery): Steps<Awaited<ReturnType<DeliveryReader['page']>>> {
    const after = placeIn(from, 'number', 'string');
    const removed = status === 'pending' || status === 'dead' ? yield* removedOf(app) : [];
    const keys = keysOf(db, { app, status, ruleId, after, removed })
      .orderBy('first_position', 'desc')
      .orderBy('rule_id', 'desc')
      .limit(limit + 1);
    const found = yield* rows(
      views(db, keys).orderBy('k.first_position', 'desc').orderBy('k.rule_id', 'desc'),
    );
    const { entities, ...rest } = pageOf(
      found,
      limit,
      (row) => [row.first_position, row.rule_id],
      (row) => row,
    );
    return { entities: yield* viewsOf(entities), ...rest };
  }

  function* find(app: AppNo, id: string): Steps<Awaited<ReturnType<DeliveryReader['find']>>> {
    const key = parseDeliveryId(id);
    if (key === undefined) return undefined;
    const keys = deliveryKeys(db).where((e) => atPlace(e, { ...key, app }));
    const [delivery] = yield* viewsOf(yield* rows(views(db, keys)));
    if (delivery === undefined) return undefined;
    const attempts = yield* rows(
      db
        .selectFrom('delivery_attempts')
        .selectAll()
        .where('first_position', '=', key.firstPosition)
        .where('rule_id', '=', key.ruleId)
        .orderBy('n'),
    );
    return { delivery, attempts: attempts.map(toAttempt) };
  }

  function* startingAt(app: AppNo, position: Position): Steps<readonly DeliveryView[]> {
    const keys = deliveryKeys(db).where('app_no', '=', app).where('first_position', '=', position);
    return yield* viewsOf(yield* rows(views(db, keys).orderBy('k.rule_id')));
  }

  return {
    page: (q) => reads.read(() => page(q)),
    find: (app, id) => reads.read(() => find(app, id)),
    startingAt: (app, position) => reads.read(() => startingAt(app, position)),
  };
}

type PageQuery = Parameters<DeliveryReader['page']>[0];

function viewColumns(row: ViewRow) {
  const { created_at: createdAt, last_status: lastStatus, last_error: lastError } = row;
  return { state: stateShown(row, row.rule_removed === 1), createdAt, lastStatus, lastError };
}

interface Asked {
  readonly app: AppNo;
  readonly status: DeliveryStatusFilter | undefined;
  readonly ruleId: string | undefined;
  readonly after: readonly [number, string] | undefined;
  /** The app's removed rules with deliveries whose rows are not dead yet. */
  readonly removed: readonly string[];
}

/** The keys of a list alone: indexes have all of them, so that what is delivered is not waded through. */
function keysOf(db: Kysely<Schema>, { app, status, ruleId, after, removed }: Asked) {
  const keys = (ofApp = sql<number>`app_no`) =>
    deliveryKeys(db)
      .where(ofApp, '=', app)
      .$if(ruleId !== undefined, (q) => q.where('rule_id', '=', ruleId ?? ''))
      .$if(after !== undefined, (q) =>
        q.where(sql<boolean>`(first_position, rule_id) < (${after?.[0]}, ${after?.[1]})`),
      );
  // The sign keeps a list of open ones from going through all of the app's.
  const open = () => keys(sql<number>`+app_no`);
  const waiting = () => open().where('due_at', 'is not', null);
  const behind = () => open().where('order_key', 'is not', null).where('stage', '=', 'behind');
  switch (status) {
    case undefined:
      return keys();
    case 'delivered':
      return keys().where('stage', '=', status);
    case 'dead': {
      // As a literal, in the words of its index.
      const dead = keys().where(sql<boolean>`stage = 'dead'`);
      if (removed.length === 0) return dead;
      return dead
        .unionAll(waiting().where('rule_id', 'in', removed))
        .unionAll(behind().where('rule_id', 'in', removed));
    }
    case 'pending':
      if (removed.length === 0) return waiting().unionAll(behind());
      return waiting()
        .where('rule_id', 'not in', removed)
        .unionAll(behind().where('rule_id', 'not in', removed));
  }
}

/** Deliveries with the outcome of their newest attempt. */
function views(db: Kysely<Schema>, keys: Parameters<typeof deliveriesOf>[1]) {
  return deliveriesOf(db, keys).select((e) => {
    const newest = e
      .selectFrom('delivery_attempts as a')
      .whereRef('a.first_position', '=', 'd.first_position')
      .whereRef('a.rule_id', '=', 'd.rule_id')
      .orderBy('a.n', 'desc')
      .limit(1);
    const rule = e.selectFrom('callback_rules as r').whereRef('r.rule_id', '=', 'd.rule_id');
    return [
      rule.select('r.removed').as('rule_removed'),
      newest.select('a.status').as('last_status'),
      newest.select('a.error').as('last_error'),
    ];
  });
}

function toAttempt(row: Selectable<DeliveryAttemptsTable>): Attempt {
  const { requested_at: requestedAt, took_ms: tookMs, status, error, answer_head: answerHead } = row;
  const { url, headers } = row;
  const request =
    url === null || headers === null
      ? null
      : { url, headers: JSON.parse(headers) as Readonly<Record<string, string>> };
  return { requestedAt, tookMs, request, status, error, answerHead };
}
