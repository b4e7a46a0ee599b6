import { assert, redeliver } from '@recalld/domain';
import type {
  AppNo,
  Attempt,
  ClaimedDelivery,
  DeliveryQueue,
  Instant,
  SettledDelivery,
} from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { deliveryId, parseDeliveryId, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryKey, DeliveryParts, DeliveryRow, StateColumns } from './deliveryRows.js';

export interface DeliveryQueueDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly partsOf: (row: DeliveryRow) => DeliveryParts;
}

/** Leases are rows on disk: whatever happens to a worker, its deliveries are due again when they end. */
export function createDeliveryQueue({ db, writer, partsOf }: DeliveryQueueDeps): DeliveryQueue {
  const queries = createQueries(db);

  function* claim(q: Parameters<DeliveryQueue['claim']>[0]): Write<readonly ClaimedDelivery[]> {
    const due = yield* rows(fill(queries.due, { now: q.now, max: q.max }));
    const claimed: ClaimedDelivery[] = [];
    for (const row of due) {
      const leaseUntil = q.now + q.leaseMs;
      yield fill(queries.lease, { ...keyOf(row), app: row.app_no, owner: q.owner, leaseUntil });
      const { attempts } = row;
      const state = { status: 'leased', attempts, owner: q.owner, leaseUntil } as const;
      claimed.push({ ...partsOf(row), state });
    }
    return claimed;
  }

  function* extend(ids: readonly string[], owner: string, leaseUntil: Instant): Write<readonly string[]> {
    const held: string[] = [];
    for (const id of ids) {
      const key = parseDeliveryId(id);
      if (key === undefined) continue;
      const extended = yield* rows(fill(queries.extend, { ...key, owner, leaseUntil }));
      if (extended.length > 0) held.push(id);
    }
    return held;
  }

  function* settle(settled: readonly SettledDelivery[]): Write<void> {
    for (const { id, owner, state, attempt } of settled) {
      const key = parseDeliveryId(id);
      if (key === undefined) continue;
      const columns = stateColumns(state);
      const own = yield* rows(fill(queries.settle, { ...key, ...columns, owner }));
      if (own.length > 0 && attempt !== undefined) yield fill(queries.addAttempt, { ...key, ...attempt });
    }
  }

  function* requeue(app: AppNo, id: string, now: Instant): Write<'queued' | 'underway' | 'unknown'> {
    const key = parseDeliveryId(id);
    if (key === undefined) return 'unknown';
    const [row] = yield* rows(deliveryOf(db, app, key));
    if (row === undefined) return 'unknown';
    if (stateOf(row).status === 'leased') return 'underway';
    yield db
      .updateTable('deliveries')
      .set(stateColumns(redeliver(now)))
      .where('app_no', '=', app)
      .where('first_position', '=', key.firstPosition)
      .where('rule_id', '=', key.ruleId);
    return 'queued';
  }

  return {
    claim: (q) => writer.write(() => claim(q)),
    extend: (ids, owner, leaseUntil) => writer.write(() => extend(ids, owner, leaseUntil)),
    settle: (settled) => writer.write(() => settle(settled)),
    redeliver: (app, id, now) => writer.write(() => requeue(app, id, now)),
    async nextDueAt() {
      const next = db.selectFrom('deliveries').select('due_at').where('due_at', 'is not', null);
      const row = await next.orderBy('due_at').limit(1).executeTakeFirst();
      return row?.due_at ?? undefined;
    },
  };
}

function keyOf(row: DeliveryRow): DeliveryKey {
  const key = parseDeliveryId(deliveryId(row));
  assert(key !== undefined, `${deliveryId(row)} is a delivery's id`);
  return key;
}

function deliveryOf(db: Kysely<Schema>, app: AppNo, key: DeliveryKey) {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where('app_no', '=', app)
    .where('first_position', '=', key.firstPosition)
    .where('rule_id', '=', key.ruleId);
}

/** What a worker runs for every delivery. The app is the rule's: a worker names deliveries by id alone. */
function createQueries(db: Kysely<Schema>) {
  const held = (key: DeliveryKey & { owner: string }) =>
    db
      .updateTable('deliveries')
      .where('app_no', '=', (e) =>
        e.selectFrom('callback_rules').select('app_no').where('callback_rules.rule_id', '=', key.ruleId),
      )
      .where('first_position', '=', key.firstPosition)
      .where('deliveries.rule_id', '=', key.ruleId)
      // A delivery has an owner only while it is leased.
      .where('lease_owner', '=', key.owner);
  return {
    due: template<{ now: Instant; max: number }>()(({ now, max }) =>
      db.selectFrom('deliveries').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(max),
    ),
    lease: template<DeliveryKey & { app: AppNo; owner: string; leaseUntil: Instant }>()((lease) =>
      db
        .updateTable('deliveries')
        .set({ lease_owner: lease.owner, due_at: lease.leaseUntil })
        .where('app_no', '=', lease.app)
        .where('first_position', '=', lease.firstPosition)
        .where('rule_id', '=', lease.ruleId),
    ),
    extend: template<DeliveryKey & { owner: string; leaseUntil: Instant }>()((lease) =>
      held(lease).set({ due_at: lease.leaseUntil }).returning('first_position'),
    ),
    settle: template<DeliveryKey & StateColumns & { owner: string }>()((settled) =>
      held(settled)
        .set({
          stage: settled.stage,
          attempts: settled.attempts,
          due_at: settled.due_at,
          lease_owner: settled.lease_owner,
        })
        .returning('first_position'),
    ),
    addAttempt: template<DeliveryKey & Attempt>()((attempt) =>
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
