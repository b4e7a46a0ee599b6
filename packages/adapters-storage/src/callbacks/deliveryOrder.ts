import { released } from '@recalld/domain';
import type { Instant } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { fill, template } from '../statements.js';
import type { EachStatement } from '../statements.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { atPlace, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';

interface OrderPlace {
  readonly ruleId: string;
  readonly orderKey: string;
}

/**
 * The first of what has a place in the order of a rule's conversation: none of it is over. It is held:
 * who plans one behind it and who settles it wait for each other, and none is left behind nothing.
 */
export function createQueuedFor({ db, statements, words }: Reads): EachStatement<OrderPlace, DeliveryRow> {
  return statements.select<OrderPlace>({ ruleId: 'text', orderKey: 'text' })(({ ruleId, orderKey }) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where('rule_id', '=', ruleId)
      .where('order_key', '=', orderKey)
      .orderBy('first_position')
      .limit(1)
      .modifyEnd(words.forUpdate),
  );
}

/**
 * Takes a delivery that is over out of its conversation's order, when it has a place in one, and lets
 * the next one go; answers whether there was one.
 */
export function createLeaveOrder(
  reads: Reads,
): (over: DeliveryKey, orderKey: string | null, now: Instant) => Steps<boolean> {
  const { db } = reads;
  const next = createQueuedFor(reads);
  const leave = template<DeliveryKey>()((key) =>
    db
      .updateTable('deliveries')
      .set({ order_key: null })
      .where((e) => atPlace(e, key)),
  );
  return function* leaveOrder(over, orderKey, now) {
    if (orderKey === null) return false;
    yield fill(leave, over);
    const [behind] = yield* rows(each(next, [{ ruleId: over.ruleId, orderKey }]));
    if (behind === undefined) return false;
    yield db
      .updateTable('deliveries')
      .set(stateColumns(released(stateOf(behind), now)))
      .where((e) => atPlace(e, keyOf(behind)));
    return true;
  };
}
