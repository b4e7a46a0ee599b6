import type { DeliveryReader, DeliveryView } from '../../ports/deliveryReader.js';
import { appOf, eventsOf, ruleOf, statusOf } from './deliveryRows.js';
import { paged } from './paging.js';
import type { DeliveryRow, MemoryState } from './state.js';

export function createMemoryDeliveryReader(state: MemoryState): DeliveryReader {
  return {
    page: async ({ app, status, ruleId, from, limit }) => {
      const rows = state.deliveries.filter(
        (row) =>
          row.app === app &&
          (status === undefined || statusOf(row) === status) &&
          (ruleId === undefined || row.rule.id === ruleId),
      );
      const { entities, ...rest } = paged(rows, ({ nth }) => [-nth], from, limit);
      return { entities: entities.map((row) => view(state, row)), ...rest };
    },
    find: async (app, id) => {
      const row = state.deliveries.find((delivery) => delivery.app === app && delivery.id === id);
      return row && { delivery: view(state, row), attempts: [...row.attempts] };
    },
    startingAt: async (app, position) =>
      state.deliveries
        .filter((row) => row.app === app && row.positions[0] === position)
        .sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1))
        .map((row) => view(state, row)),
  };
}

function view(state: MemoryState, row: DeliveryRow): DeliveryView {
  const last = row.attempts.at(-1);
  return {
    id: row.id,
    app: appOf(state, row.app),
    rule: ruleOf(state, row),
    events: eventsOf(state, row),
    state: row.state,
    createdAt: row.createdAt,
    lastStatus: last?.status ?? null,
    lastError: last?.error ?? null,
  };
}
