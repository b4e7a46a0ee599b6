import type { Attempt, Instant } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Reads } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { template } from '../statements.js';
import { atPlace, keyKinds } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';

/** What settling writes, and for whose lease. */
interface Settling {
  readonly owner: string;
  readonly stage: DeliveryRow['stage'];
  readonly attempts: number;
  readonly dueAt: Instant | null;
  readonly nextOwner: string | null;
}

/** One attempt as a row, the `n`th of its delivery. */
export function attemptRow(key: DeliveryKey, n: number, attempt: Attempt) {
  const { requestedAt, tookMs, status, error, answerHead, request } = attempt;
  return {
    first_position: key.firstPosition,
    rule_id: key.ruleId,
    n,
    requested_at: requestedAt,
    took_ms: tookMs,
    status,
    error,
    answer_head: answerHead,
    url: request === null ? null : request.url,
    headers: request === null ? null : JSON.stringify(request.headers),
  };
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

interface DueOf {
  readonly ruleId: string;
  readonly now: Instant;
  readonly max: number;
}

/**
 * What a worker takes of a rule, besides what another one is just taking: the oldest due, or, as a
 * probe, the one that became due last.
 */
export function createDueQueries({ db, statements, words }: Reads) {
  const due = (from: 'asc' | 'desc') =>
    statements.select<DueOf>({ ruleId: 'text', now: 'whole', max: 'whole' })(({ ruleId, now, max }) =>
      db
        .selectFrom('deliveries')
        .selectAll()
        .where('rule_id', '=', ruleId)
        .where('due_at', '<=', now)
        .orderBy('due_at', from)
        .limit(max)
        .modifyEnd(words.forUpdateSkipLocked),
    );
  return { oldest: due('asc'), newest: due('desc') };
}

interface InHand {
  readonly ruleId: string;
  readonly now: Instant;
  readonly leaseUntil: Instant;
}

/** Leases that have not run out: they end within one lease's time, and what waits for longer is not looked at. */
export function createInHand({ db, statements }: Reads) {
  return statements.select<InHand>({ ruleId: 'text', now: 'whole', leaseUntil: 'whole' })((rule) =>
    db
      .selectFrom('deliveries')
      .select((e) => e.fn.countAll<number>().as('leased'))
      .select((e) => e.fn.min<string>('rule_id').as('rule_id'))
      .where('rule_id', '=', rule.ruleId)
      .where('due_at', '>', rule.now)
      .where('due_at', '<=', rule.leaseUntil)
      .where('lease_owner', 'is not', null),
  );
}

interface Lease extends DeliveryKey {
  readonly owner: string;
  readonly leaseUntil: Instant;
}

/** What a worker runs for every delivery. */
export function createLeaseQueries({ db, statements }: Reads) {
  const leaseKinds = { ...keyKinds, owner: 'text', leaseUntil: 'whole' } as const;
  return {
    lease: statements.change<Lease>(leaseKinds)((lease, start) =>
      start
        .update('deliveries')
        .set({ lease_owner: lease.owner, due_at: lease.leaseUntil })
        .where((e) => atPlace(e, lease)),
    ),
    /** Answers those that are held: a delivery has an owner only while it is leased. */
    extend: statements.change<Lease>(leaseKinds)((lease, start) =>
      start
        .update('deliveries')
        .set({ due_at: lease.leaseUntil })
        .where((e) => atPlace(e, lease))
        .where('lease_owner', '=', lease.owner)
        .returning(['rule_id', 'first_position']),
    ),
    /** Answers the conversation whose order it keeps; no row for a lease that was lost. */
    settle: statements.change<DeliveryKey & Settling>({
      ...keyKinds,
      owner: 'text',
      stage: 'text',
      attempts: 'whole',
      dueAt: 'whole',
      nextOwner: 'text',
    })((change, start) =>
      start
        .update('deliveries')
        .set({
          stage: change.stage,
          attempts: change.attempts,
          due_at: change.dueAt,
          lease_owner: change.nextOwner,
        })
        .where((e) => atPlace(e, change))
        .where('lease_owner', '=', change.owner)
        .returning(['rule_id', 'first_position', 'order_key'])
        .returning((e) =>
          e
            .selectFrom('delivery_attempts as made')
            .select((n) => n.fn.coalesce(n.fn.max('made.n'), n.lit(0)).as('n'))
            .whereRef('made.first_position', '=', 'deliveries.first_position')
            .whereRef('made.rule_id', '=', 'deliveries.rule_id')
            .as('attempts_made'),
        ),
    ),
    /** The conversation whose order one of these keeps. */
    orderOf: statements.select<DeliveryKey & { readonly owner: string }>({ ...keyKinds, owner: 'text' })(
      (held) =>
        db
          .selectFrom('deliveries')
          .select(['rule_id', 'order_key'])
          .where((e) => atPlace(e, held))
          .where('lease_owner', '=', held.owner),
    ),
    addAttempt: statements.insert('delivery_attempts', {
      first_position: 'whole',
      rule_id: 'text',
      n: 'whole',
      requested_at: 'whole',
      took_ms: 'real',
      status: 'whole',
      error: 'text',
      answer_head: 'text',
      url: 'text',
      headers: 'text',
    }),
  };
}
