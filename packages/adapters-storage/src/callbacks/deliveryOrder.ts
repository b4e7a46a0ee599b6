import { released } from '@recalld/domain';
import type { Instant } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import { rows } from '../writer.js';
import type { Write } from '../writer.js';
import { atPlace, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryKey } from './deliveryRows.js';

/** What has a place in the order of a rule's conversation: none of it is over. */
export function queuedFor(db: Kysely<Schema>) {
  return template<{ ruleId: string; orderKey: string }>()(({ ruleId, orderKey }) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where('rule_id', '=', ruleId)
      .where('order_key', '=', orderKey)
      .orderBy('first_position')
      .limit(1),
  );
}

/**
 * Takes a delivery that is over out of its conversation's order, when it has a place in one, and lets
 * the next one go; answers whether there was one.
 */
export function createLeaveOrder(
  db: Kysely<Schema>,
): (over: DeliveryKey, orderKey: string | null, now: Instant) => Write<boolean> {
  const next = queuedFor(db);
  const leave = template<DeliveryKey>()((key) =>
    db
      .updateTable('deliveries')
      .set({ order_key: null })
      .where((e) => atPlace(e, key)),
  );
  return function* leaveOrder(over, orderKey, now) {
    if (orderKey === null) return false;
    yield fill(leave, over);
    const [behind] = yield* rows(fill(next, { ruleId: over.ruleId, orderKey }));
    if (behind === undefined) return false;
    yield db
      .updateTable('deliveries')
      .set(stateColumns(released(stateOf(behind), now)))
      .where((e) => atPlace(e, keyOf(behind)));
    return true;
  };
}
