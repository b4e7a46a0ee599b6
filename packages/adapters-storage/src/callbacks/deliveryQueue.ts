import { attemptAt } from '@recalld/domain';
import type { DeliveryQueue, DueRule, Instant } from '@recalld/domain';
import { fill } from '../statements.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { createClaim } from './claimDeliveries.js';
import type { ClaimDeps } from './claimDeliveries.js';
import { createLeaseQueries, openRules } from './deliveryQueries.js';
import { deliveryId } from './deliveryRows.js';
import type { DeliveryKey } from './deliveryRows.js';
import { maySend } from './ruleBook.js';
import { createSettle, deliveryOf } from './settleDeliveries.js';

export type DeliveryQueueDeps = ClaimDeps;

/**
 * Leases are rows: whatever happens to a worker, its deliveries are due again when they end. Leases
 * and outcomes do not wait for the disk. A power cut may take the last of them back, and then a
 * callback is made once more, as it may be anyway.
 */
export function createDeliveryQueue(deps: DeliveryQueueDeps): DeliveryQueue {
  const { database, rules } = deps;
  const open = openRules(database.db);
  const claim = createClaim(deps);
  const settle = createSettle(deps);
  const { extend } = createLeaseQueries(database);

  function* due(): Steps<readonly DueRule[]> {
    const book = yield* rules.open();
    const found: DueRule[] = [];
    for (const { rule_id: ruleId, due_at: dueAt } of yield* rows(fill(open, {}))) {
      if (ruleId === null || dueAt === null) continue;
      const known = yield* book.find(ruleId);
      if (known !== undefined && maySend(known)) {
        found.push({ ruleId, dueAt: attemptAt(known.health, dueAt) });
      }
    }
    return found;
  }

  function* hold(ids: readonly string[], owner: string, leaseUntil: Instant): Steps<readonly string[]> {
    const book = yield* rules.open();
    const keys: DeliveryKey[] = [];
    for (const id of ids) {
      const named = yield* deliveryOf(book, id);
      if (named?.known.removed === false) keys.push(named.key);
    }
    const held = yield* rows(
      each(
        extend,
        keys.map((key) => ({ ...key, owner, leaseUntil })),
      ),
    );
    const heldIds = new Set(held.map(deliveryId));
    return ids.filter((id) => heldIds.has(id));
  }

  return {
    due: () => database.read(due),
    claim: (q) => database.writeRelaxed(() => claim(q)),
    extend: (ids, owner, leaseUntil) => database.writeRelaxed(() => hold(ids, owner, leaseUntil)),
    settle: (settled, now) => database.writeRelaxed(() => settle(settled, now)),
  };
}
