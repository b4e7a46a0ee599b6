import {
  attemptAt,
  attemptsAllowed,
  givenUp,
  isNews,
  isOver,
  leased,
  observeSettled,
  probing,
} from '@recalld/domain';
import type {
  ClaimedDelivery,
  DeliveryQueue,
  DueRule,
  Instant,
  Log,
  RuleHealth,
  SettledDelivery,
  Settlement,
} from '@recalld/domain';
import type { SqliteReads } from '../engines/connection.js';
import { fill } from '../statements.js';
import { changes, rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { createLeaveOrder } from './deliveryOrder.js';
import { UnreadableDelivery } from './deliveryParts.js';
import type { DeliveryParts, PartsOf } from './deliveryParts.js';
import { attemptRow, countLeased, createLeaseQueries, dueLast, dueOf, openRules } from './deliveryQueries.js';
import { atPlace, deliveryId, keyOf, parseDeliveryId, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';
import type { KnownRule, RuleBook } from './ruleBook.js';
import type { MoveHealth } from './ruleHealths.js';

export interface DeliveryQueueDeps {
  readonly reads: SqliteReads;
  readonly writer: Writer;
  readonly rules: RuleBook;
  readonly moveHealth: MoveHealth;
  readonly partsOf: PartsOf;
  readonly log: Log | undefined;
}

type Claiming = Parameters<DeliveryQueue['claim']>[0];

/**
 * Leases are rows: whatever happens to a worker, its deliveries are due again when they end. Leases
 * and outcomes do not wait for the disk. A power cut may take the last of them back, and then a
 * callback is made once more, as it may be anyway.
 */
export function createDeliveryQueue(deps: DeliveryQueueDeps): DeliveryQueue {
  const { reads, writer, rules } = deps;
  const open = reads.prepare(openRules(reads.db));
  const claim = createClaim(deps);
  const settle = createSettle(deps);
  const { extend } = createLeaseQueries(reads.db);

  function* hold(ids: readonly string[], owner: string, leaseUntil: Instant): Write<readonly string[]> {
    const held: string[] = [];
    for (const id of ids) {
      const named = deliveryOf(rules, id);
      if (named === undefined) continue;
      if ((yield* changes(fill(extend, { ...named.key, owner, leaseUntil }))) > 0) held.push(id);
    }
    return held;
  }

  return {
    due: async () => open.all({}).flatMap((row) => dueRule(rules, row)),
    claim: (q) => writer.writeRelaxed(() => claim(q)),
    extend: (ids, owner, leaseUntil) => writer.writeRelaxed(() => hold(ids, owner, leaseUntil)),
    settle: (settled, now) => writer.writeRelaxed(() => settle(settled, now)),
  };
}

function maySend({ rule, removed }: KnownRule): boolean {
  return rule.enabled && !removed;
}

function dueRule(
  rules: RuleBook,
  { rule_id: ruleId, due_at: dueAt }: { readonly rule_id: string | null; readonly due_at: number | null },
): readonly DueRule[] {
  if (ruleId === null || dueAt === null) return [];
  const known = rules.find(ruleId);
  return known !== undefined && maySend(known) ? [{ ruleId, dueAt: attemptAt(known.health, dueAt) }] : [];
}

/** A worker names deliveries by id alone: the app is the rule's. */
function deliveryOf(
  rules: RuleBook,
  id: string,
): { readonly key: DeliveryKey; readonly known: KnownRule } | undefined {
  const named = parseDeliveryId(id);
  const known = named && rules.find(named.ruleId);
  if (named === undefined || known === undefined) return undefined;
  const { ruleId, firstPosition } = named;
  return { key: { app: known.rule.app, ruleId, firstPosition }, known };
}

function createClaim({ reads: { db }, rules, moveHealth, partsOf, log }: DeliveryQueueDeps) {
  const [first, last] = [dueOf(db), dueLast(db)];
  const { lease } = createLeaseQueries(db);
  const inHand = countLeased(db);
  const leaveOrder = createLeaveOrder(db);

  /** How many more requests the rule may have, over all workers. */
  function* roomOf({ rule, health }: KnownRule, { now, leaseMs }: Claiming): Write<number> {
    const allowed = attemptsAllowed(health, now);
    const { concurrencyMax } = rule;
    if (concurrencyMax === null || allowed === 0) return allowed;
    const [held] = yield* rows(fill(inHand, { ruleId: rule.id, now, leaseUntil: now + leaseMs }));
    return Math.min(allowed, concurrencyMax - (held?.leased ?? 0));
  }

  function readable(row: DeliveryRow): DeliveryParts | undefined {
    try {
      return partsOf(row);
    } catch (fault) {
      if (!(fault instanceof UnreadableDelivery)) throw fault;
      log?.error({ err: fault, delivery: deliveryId(row) }, 'a delivery cannot be read; it is dead');
      return undefined;
    }
  }

  /** It could never be sent, and as the one that is due first it would hold up all others. */
  function* bury(row: DeliveryRow, now: Instant): Write<void> {
    yield db
      .updateTable('deliveries')
      .set(stateColumns(givenUp(stateOf(row))))
      .where((e) => atPlace(e, keyOf(row)));
    yield* leaveOrder(keyOf(row), row.order_key, now);
  }

  function* claimOf(known: KnownRule, wanted: number, q: Claiming): Write<readonly ClaimedDelivery[]> {
    const { owner, now } = q;
    const max = Math.min(wanted, yield* roomOf(known, q));
    if (max <= 0) return [];
    const { id: ruleId } = known.rule;
    const due = known.health.status === 'suspended' ? last : first;
    const claimed: ClaimedDelivery[] = [];
    for (const row of yield* rows(fill(due, { ruleId, now, max }))) {
      const parts = readable(row);
      if (parts === undefined) {
        yield* bury(row, now);
        continue;
      }
      const state = leased(stateOf(row), owner, now + q.leaseMs);
      yield fill(lease, { ...keyOf(row), owner, leaseUntil: state.leaseUntil });
      claimed.push({ ...parts, state });
    }
    if (claimed.length > 0) yield* moveHealth(ruleId, probing(known.health, now));
    return claimed;
  }

  return function* claim(q: Claiming): Write<readonly ClaimedDelivery[]> {
    const claimed: ClaimedDelivery[] = [];
    for (const { ruleId, max } of q.rules) {
      const known = rules.find(ruleId);
      if (known === undefined || !maySend(known)) continue;
      for (const delivery of yield* claimOf(known, max, q)) claimed.push(delivery);
    }
    return claimed;
  };
}

function createSettle({ reads: { db }, rules, moveHealth }: DeliveryQueueDeps) {
  const queries = createLeaseQueries(db);
  const leaveOrder = createLeaveOrder(db);

  return function* settle(settled: readonly SettledDelivery[], now: Instant): Write<Settlement> {
    const moved = new Map<string, { readonly health: RuleHealth; readonly news: boolean }>();
    let released = false;
    for (const one of settled) {
      const named = deliveryOf(rules, one.id);
      if (named === undefined) continue;
      const { key, known } = named;
      const { app, ruleId, firstPosition } = key;
      const { owner, state, attempt } = one;
      const { stage, attempts, due_at: dueAt, lease_owner: nextOwner } = stateColumns(state);
      const change = { app, ruleId, firstPosition, owner, stage, attempts, dueAt, nextOwner };
      const [written] = yield* rows(fill(queries.settle, change));
      if (written === undefined) continue;
      if (attempt !== undefined) yield fill(queries.addAttempt, attemptRow(key, attempt));
      const before = moved.get(ruleId) ?? { health: known.health, news: false };
      const health = observeSettled(before.health, one, now);
      if (health !== before.health) {
        moved.set(ruleId, { health, news: before.news || isNews(before.health, health) });
      }
      if (isOver(state) && (yield* leaveOrder(key, written.order_key, now))) released = true;
    }
    for (const [ruleId, { health, news }] of moved) yield* moveHealth(ruleId, health, news);
    return { released, healthChanged: [...moved.values()].some(({ news }) => news) };
  };
}
