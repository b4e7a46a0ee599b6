import type { Attempt, Instant } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { template } from '../statements.js';
import { atPlace } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';

/** What settling writes, and for whose lease. */
interface Settling {
  readonly owner: string;
  readonly stage: DeliveryRow['stage'];
  readonly attempts: number;
  readonly dueAt: Instant | null;
  readonly nextOwner: string | null;
}

/** One attempt as a row: literals, because spreads of two objects are slow. */
export function attemptRow(key: DeliveryKey, attempt: Attempt) {
  const { firstPosition, ruleId } = key;
  const { requestedAt, tookMs, status, error, answerHead, request } = attempt;
  const url = request === null ? null : request.url;
  const headers = request === null ? null : JSON.stringify(request.headers);
  return { firstPosition, ruleId, requestedAt, tookMs, status, error, answerHead, url, headers };
}

/** Steps from one rule to the next: costs as much as open rules, however many deliveries they have. */
export function openRules(db: Kysely<Schema>) {
  return template<object>()(() =>
    db
      .withRecursive('open(rule_id)', (steps) =>
        steps
          .selectFrom('deliveries')
          .select((e) => e.fn.min<string | null>('rule_id').as('rule_id'))
          .where('due_at', 'is not', null)
          .unionAll(
            steps
              .selectFrom('open')
              .where('open.rule_id', 'is not', null)
              .select((e) =>
                e
                  .selectFrom('deliveries as d')
                  .select((d) => d.fn.min<string | null>('d.rule_id').as('rule_id'))
                  .where('d.due_at', 'is not', null)
                  .whereRef('d.rule_id', '>', 'open.rule_id')
                  .as('rule_id'),
              ),
          ),
      )
      .selectFrom('open')
      .where('open.rule_id', 'is not', null)
      .select('open.rule_id')
      .select((e) =>
        e
          .selectFrom('deliveries as d')
          .select((d) => d.fn.min<number>('d.due_at').as('due_at'))
          .where('d.due_at', 'is not', null)
          .whereRef('d.rule_id', '=', 'open.rule_id')
          .as('due_at'),
      ),
  );
}

export function dueOf(db: Kysely<Schema>) {
  return template<{ ruleId: string; now: Instant; max: number }>()((q) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where('rule_id', '=', q.ruleId)
      .where('due_at', '<=', q.now)
      .orderBy('due_at')
      .limit(q.max),
  );
}

/** What a suspended rule is probed with: the one that became due last. */
export function dueLast(db: Kysely<Schema>) {
  return template<{ ruleId: string; now: Instant; max: number }>()((q) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where('rule_id', '=', q.ruleId)
      .where('due_at', '<=', q.now)
      .orderBy('due_at', 'desc')
      .limit(q.max),
  );
}

/** Leases that have not run out: they end within one lease's time, and what waits for longer is not looked at. */
export function countLeased(db: Kysely<Schema>) {
  return template<{ ruleId: string; now: Instant; leaseUntil: Instant }>()((q) =>
    db
      .selectFrom('deliveries')
      .select((e) => e.fn.countAll<number>().as('leased'))
      .where('rule_id', '=', q.ruleId)
      .where('due_at', '>', q.now)
      .where('due_at', '<=', q.leaseUntil)
      .where('lease_owner', 'is not', null),
  );
}

/** What a worker runs for every delivery. */
export function createLeaseQueries(db: Kysely<Schema>) {
  // A delivery has an owner only while it is leased.
  const held = (key: DeliveryKey & { owner: string }) =>
    db
      .updateTable('deliveries')
      .where((e) => atPlace(e, key))
      .where('lease_owner', '=', key.owner);
  return {
    lease: template<DeliveryKey & { owner: string; leaseUntil: Instant }>()((lease) =>
      db
        .updateTable('deliveries')
        .set({ lease_owner: lease.owner, due_at: lease.leaseUntil })
        .where((e) => atPlace(e, lease)),
    ),
    extend: template<DeliveryKey & { owner: string; leaseUntil: Instant }>()((lease) =>
      held(lease).set({ due_at: lease.leaseUntil }),
    ),
    /** Answers the conversation whose order it keeps; no row for a lease that was lost. */
    settle: template<DeliveryKey & Settling>()((change) =>
      held(change)
        .set({
          stage: change.stage,
          attempts: change.attempts,
          due_at: change.dueAt,
          lease_owner: change.nextOwner,
        })
        .returning('order_key'),
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
        url: attempt.url,
        headers: attempt.headers,
      })),
    ),
  };
}
