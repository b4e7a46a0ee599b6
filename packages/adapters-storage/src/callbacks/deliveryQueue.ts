import { redeliver } from '@recalld/domain';
import type {
  Log,
  AppNo,
  Attempt,
  ClaimedDelivery,
  DeliveryQueue,
  Instant,
  SettledDelivery,
} from '@recalld/domain';
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import { changes, rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { deliveryId, parseDeliveryId, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryParts, DeliveryRow, NamedDelivery } from './deliveryRows.js';
import type { RuleBook } from './ruleBook.js';

export interface DeliveryQueueDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly rules: RuleBook;
  readonly partsOf: (row: DeliveryRow) => DeliveryParts;
  readonly log: Log | undefined;
}

/**
 * Leases are rows: whatever happens to a worker, its deliveries are due again when they end. Leases
 * and outcomes do not wait for the disk. A power cut may take the last of them back, and then a
 * callback is made once more, as it may be anyway.
 */
export function createDeliveryQueue({ db, writer, rules, partsOf, log }: DeliveryQueueDeps): DeliveryQueue {
  const queries = createQueries(db);

  /** A worker names deliveries by id alone: the app is the rule's. */
  function keyIn(id: string): DeliveryKey | undefined {
    const named = parseDeliveryId(id);
    if (named === undefined) return undefined;
    const app = rules.appOf(named.ruleId);
    return app === undefined ? undefined : { ...named, app };
  }

  function readable(row: DeliveryRow): DeliveryParts | undefined {
    try {
      return partsOf(row);
    } catch (fault) {
      log?.error({ err: fault, delivery: deliveryId(row) }, 'a delivery cannot be read; it is dead');
      return undefined;
    }
  }

  function* claim(q: Parameters<DeliveryQueue['claim']>[0]): Write<readonly ClaimedDelivery[]> {
    const { owner } = q;
    const leaseUntil = q.now + q.leaseMs;
    const due = yield* rows(fill(queries.due, { now: q.now, max: q.max }));
    const claimed: ClaimedDelivery[] = [];
    for (const row of due) {
      const { app_no: app, first_position: firstPosition, rule_id: ruleId, attempts } = row;
      const parts = readable(row);
      if (parts === undefined) {
        // It could never be sent, and as the one that is due first it would hold up all others.
        yield db
          .updateTable('deliveries')
          .set(stateColumns({ status: 'dead', attempts }))
          .where((e) => atPlace(e, { app, firstPosition, ruleId }));
        continue;
      }
      yield fill(queries.lease, { app, firstPosition, ruleId, owner, leaseUntil });
      claimed.push({ ...parts, state: { status: 'leased', attempts, owner, leaseUntil } });
    }
    return claimed;
  }

  function* extend(ids: readonly string[], owner: string, leaseUntil: Instant): Write<readonly string[]> {
    const held: string[] = [];
    for (const id of ids) {
      const key = keyIn(id);
      if (key === undefined) continue;
      if ((yield* changes(fill(queries.extend, { ...key, owner, leaseUntil }))) > 0) held.push(id);
    }
    return held;
  }

  function* settle(settled: readonly SettledDelivery[]): Write<void> {
    for (const { id, owner, state, attempt } of settled) {
      const key = keyIn(id);
      if (key === undefined) continue;
      const { stage, attempts, due_at: dueAt, lease_owner: nextOwner } = stateColumns(state);
      const change = { ...key, owner, stage, attempts, dueAt, nextOwner };
      const own = yield* changes(fill(queries.settle, change));
      if (own > 0 && attempt !== undefined) yield fill(queries.addAttempt, attemptRow(key, attempt));
    }
  }

  function* requeue(app: AppNo, id: string, now: Instant): Write<'queued' | 'underway' | 'unknown'> {
    const key = keyIn(id);
    if (key?.app !== app) return 'unknown';
    const [row] = yield* rows(
      db
        .selectFrom('deliveries')
        .selectAll()
        .where((e) => atPlace(e, key)),
    );
    if (row === undefined) return 'unknown';
    if (stateOf(row).status === 'leased') return 'underway';
    const columns = stateColumns(redeliver(now));
    const { version: rule_version } = rules.forRedelivery(row.rule_id, row.rule_version);
    yield db
      .updateTable('deliveries')
      .set({ ...columns, rule_version })
      .where((e) => atPlace(e, key));
    return 'queued';
  }

  return {
    claim: (q) => writer.writeRelaxed(() => claim(q)),
    extend: (ids, owner, leaseUntil) => writer.writeRelaxed(() => extend(ids, owner, leaseUntil)),
    settle: (settled) => writer.writeRelaxed(() => settle(settled)),
    redeliver: (app, id, now) => writer.write(() => requeue(app, id, now)),
    async nextDueAt() {
      const next = db.selectFrom('deliveries').select('due_at').where('due_at', 'is not', null);
      const row = await next.orderBy('due_at').limit(1).executeTakeFirst();
      return row?.due_at ?? undefined;
    },
  };
}

/** A delivery's place in the table. */
type DeliveryKey = NamedDelivery & { readonly app: AppNo };

/** What settling writes, and for whose lease. */
interface Settling {
  readonly owner: string;
  readonly stage: DeliveryRow['stage'];
  readonly attempts: number;
  readonly dueAt: Instant | null;
  readonly nextOwner: string | null;
}

function atPlace(e: ExpressionBuilder<Schema, 'deliveries'>, key: DeliveryKey) {
  return e.and([
    e('app_no', '=', key.app),
    e('first_position', '=', key.firstPosition),
    e('rule_id', '=', key.ruleId),
  ]);
}

/** One attempt as a row: literals, because spreads of two objects are slow. */
function attemptRow(key: DeliveryKey, attempt: Attempt) {
  const { firstPosition, ruleId } = key;
  const { requestedAt, tookMs, status, error, answerHead } = attempt;
  return { firstPosition, ruleId, requestedAt, tookMs, status, error, answerHead };
}

/** What a worker runs for every delivery. */
function createQueries(db: Kysely<Schema>) {
  // A delivery has an owner only while it is leased.
  const held = (key: DeliveryKey & { owner: string }) =>
    db
      .updateTable('deliveries')
      .where((e) => atPlace(e, key))
      .where('lease_owner', '=', key.owner);
  return {
    due: template<{ now: Instant; max: number }>()(({ now, max }) =>
      db.selectFrom('deliveries').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(max),
    ),
    lease: template<DeliveryKey & { owner: string; leaseUntil: Instant }>()((lease) =>
      db
        .updateTable('deliveries')
        .set({ lease_owner: lease.owner, due_at: lease.leaseUntil })
        .where((e) => atPlace(e, lease)),
    ),
    extend: template<DeliveryKey & { owner: string; leaseUntil: Instant }>()((lease) =>
      held(lease).set({ due_at: lease.leaseUntil }),
    ),
    settle: template<DeliveryKey & Settling>()((change) =>
      held(change).set({
        stage: change.stage,
        attempts: change.attempts,
        due_at: change.dueAt,
        lease_owner: change.nextOwner,
      }),
    ),
    addAttempt: template<ReturnType<typeof attemptRow>>()((attempt) =>
      db.insertInto('delivery_attempts').values((e) => ({
        first_position: attempt.firstPosition,
        rule_id: attempt.ruleId,
        n: e
          .selectFrom('delivery_attempts')
          .select((n) => n(n.fn.coalesce(n.fn.max('n'), n.lit(0)), '+', n.lit(1)).as('n'))
          .where('first_position', '=', attempt.firstPosition)
          .where('rule_id', '=', attempt.ruleId),
        requested_at: attempt.requestedAt,
        took_ms: attempt.tookMs,
        status: attempt.status,
        error: attempt.error,
        answer_head: attempt.answerHead,
      })),
    ),
  };
}
