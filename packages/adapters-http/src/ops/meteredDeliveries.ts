import type { DeliveryQueue, SettledDelivery } from '@recalld/domain';
import type { Metrics } from './metrics.js';

/** A delivery queue that counts attempts, and deliveries that are over, once they are settled. */
export function meteredDeliveries(queue: DeliveryQueue, metrics: Metrics): DeliveryQueue {
  function count({ state, attempt }: SettledDelivery): void {
    // What was given back without an answer is made again and counts for nothing.
    if (attempt === undefined) return;
    const outcome = state.status === 'delivered' ? 'accepted' : 'refused';
    metrics.deliveryAttempted(outcome, attempt.tookMs / 1000);
    if (state.status === 'delivered' || state.status === 'dead') metrics.deliveryEnded(state.status);
  }

  return {
    due: () => queue.due(),
    claim: (query) => queue.claim(query),
    extend: (ids, owner, leaseUntil) => queue.extend(ids, owner, leaseUntil),
    async settle(settled, now) {
      const settlement = await queue.settle(settled, now);
      settled.forEach(count);
      return settlement;
    },
  };
}
