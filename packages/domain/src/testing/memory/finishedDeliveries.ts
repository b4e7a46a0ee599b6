import type { Instant } from '../../kernel/ids.js';
import type { FinishedDeliveries } from '../../ports/finishedDeliveries.js';
import { ruleRowOf } from './deliveryRows.js';
import type { DeliveryRow, MemoryState } from './state.js';

export function createMemoryFinishedDeliveries(state: MemoryState): FinishedDeliveries {
  const isForgotten = (row: DeliveryRow, before: Instant): boolean =>
    row.createdAt < before && (row.state.status === 'delivered' || ruleRowOf(state, row).removed);
  return {
    forget: async (before, limit) => {
      let forgotten = 0;
      for (const { attempts } of state.deliveries) {
        while (forgotten < limit && (attempts[0]?.requestedAt ?? before) < before) {
          attempts.shift();
          forgotten += 1;
        }
      }
      for (const row of state.deliveries.filter((each) => isForgotten(each, before))) {
        if (forgotten === limit) break;
        state.deliveries.splice(state.deliveries.indexOf(row), 1);
        forgotten += 1;
      }
      for (const row of state.redeliveries.filter(({ job }) => (job.finishedAt ?? before) < before)) {
        if (forgotten === limit) break;
        state.redeliveries.splice(state.redeliveries.indexOf(row), 1);
        forgotten += 1;
      }
      return forgotten;
    },
  };
}
