import { redeliver } from '../../callback/delivery.js';
import { ruleForRedelivery } from '../../callback/rule.js';
import { assert } from '../../kernel/assert.js';
import type { AppNo, Instant } from '../../kernel/ids.js';
import type { App } from '../../ports/apps.js';
import type {
  ClaimedDelivery,
  DeliveryQueue,
  DeliveryReader,
  DeliveryStatusFilter,
  DeliveryView,
} from '../../ports/deliveryQueue.js';
import { paged } from './paging.js';
import type { DeliveryRow, MemoryState } from './state.js';

export function createMemoryDeliveryQueue(state: MemoryState): DeliveryQueue {
  /** The row when its lease is still the owner's; a lease that ran out lasts until somebody takes it. */
  const held = (id: string, owner: string): DeliveryRow | undefined =>
    state.deliveries.find(
      (row) => row.id === id && row.state.status === 'leased' && row.state.owner === owner,
    );
  return {
    claim: async ({ max, owner, now, leaseMs }) =>
      state.deliveries
        .map((row) => ({ row, dueAt: dueAt(row) }))
        .filter(({ dueAt }) => dueAt <= now)
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, max)
        .map(({ row }) => lease(state, row, owner, now + leaseMs)),
    extend: async (ids, owner, leaseUntil) =>
      ids.filter((id) => {
        const row = held(id, owner);
        if (row?.state.status !== 'leased') return false;
        row.state = { ...row.state, leaseUntil };
        return true;
      }),
    settle: async (settled) => {
      for (const { id, owner, state: next, attempt } of settled) {
        const row = held(id, owner);
        if (row === undefined) continue;
        row.state = next;
        if (attempt !== undefined) row.attempts.push(attempt);
      }
    },
    redeliver: async (app, id, now) => {
      const row = state.deliveries.find((delivery) => delivery.app === app && delivery.id === id);
      if (row === undefined) return 'unknown';
      if (row.state.status === 'leased') return 'underway';
      row.rule = ruleForRedelivery(row.rule, state.rules.get(row.rule.id)?.current ?? row.rule);
      row.state = redeliver(now);
      return 'queued';
    },
    nextDueAt: async () => {
      const next = Math.min(...state.deliveries.map(dueAt));
      return next === Infinity ? undefined : next;
    },
  };
}

export function createMemoryDeliveryReader(state: MemoryState): DeliveryReader {
  return {
    page: async ({ app, status, from, limit }) => {
      const rows = state.deliveries
        .map((row, index) => ({ row, index }))
        .filter(({ row }) => row.app === app && (status === undefined || statusOf(row) === status));
      const { entities, ...rest } = paged(rows, ({ index }) => [-index], from, limit);
      return { entities: entities.map(({ row }) => view(state, row)), ...rest };
    },
    find: async (app, id) => {
      const row = state.deliveries.find((delivery) => delivery.app === app && delivery.id === id);
      return row && { delivery: view(state, row), attempts: [...row.attempts] };
    },
  };
}

/** When somebody may take the delivery; never, when it is over. */
function dueAt({ state }: DeliveryRow): Instant {
  switch (state.status) {
    case 'waiting':
      return state.dueAt;
    case 'leased':
      return state.leaseUntil;
    case 'delivered':
    case 'dead':
      return Infinity;
  }
}

function lease(state: MemoryState, row: DeliveryRow, owner: string, leaseUntil: Instant): ClaimedDelivery {
  const leased = { status: 'leased', attempts: row.state.attempts, owner, leaseUntil } as const;
  row.state = leased;
  const { id, rule } = row;
  return { id, app: appOf(state, row.app), rule, events: eventsOf(state, row), state: leased };
}

function statusOf({ state }: DeliveryRow): DeliveryStatusFilter {
  return state.status === 'waiting' || state.status === 'leased' ? 'pending' : state.status;
}

function view(state: MemoryState, row: DeliveryRow): DeliveryView {
  const last = row.attempts.at(-1);
  return {
    id: row.id,
    app: appOf(state, row.app),
    rule: row.rule,
    events: eventsOf(state, row),
    state: row.state,
    createdAt: row.createdAt,
    lastStatus: last?.status ?? null,
    lastError: last?.error ?? null,
  };
}

function appOf(state: MemoryState, no: AppNo): App {
  const app = state.apps.find((known) => known.no === no);
  assert(app !== undefined, `app ${no} is there`);
  return app;
}

function eventsOf(state: MemoryState, row: DeliveryRow): DeliveryView['events'] {
  return row.positions.flatMap((position) => state.events[position - 1] ?? []);
}
