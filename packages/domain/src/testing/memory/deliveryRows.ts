import { ruleForAttempt } from '../../callback/rule.js';
import type { CallbackRule } from '../../callback/rule.js';
import { assert, never } from '../../kernel/assert.js';
import type { AppNo, Instant } from '../../kernel/ids.js';
import type { App } from '../../ports/apps.js';
import type { DeliveryStatusFilter, DeliveryView } from '../../ports/deliveryReader.js';
import type { DeliveryRow, MemoryState, RuleRow } from './state.js';

/** When somebody may take the delivery; never, when it is over or behind another. */
export function dueAtOf({ state }: DeliveryRow): Instant {
  switch (state.status) {
    case 'waiting':
      return state.dueAt;
    case 'leased':
      return state.leaseUntil;
    case 'behind':
    case 'delivered':
    case 'dead':
      return Infinity;
    default:
      return never(state);
  }
}

export function statusOf({ state }: DeliveryRow): DeliveryStatusFilter {
  switch (state.status) {
    case 'behind':
    case 'waiting':
    case 'leased':
      return 'pending';
    case 'delivered':
    case 'dead':
      return state.status;
    default:
      return never(state);
  }
}

/** The rule's row; those of removed rules stay for the deliveries that were planned under them. */
export function ruleRowOf(state: MemoryState, row: DeliveryRow): RuleRow {
  const rule = state.rules.get(row.rule.id);
  assert(rule !== undefined, `rule ${row.rule.id} is there`);
  return rule;
}

export function ruleOf(state: MemoryState, row: DeliveryRow): CallbackRule {
  const rule = ruleRowOf(state, row);
  const planned = rule.versions.get(row.rule.version);
  assert(planned !== undefined, `rule ${row.rule.id} has a version ${row.rule.version}`);
  return ruleForAttempt(planned, rule.versions.values());
}

export function appOf(state: MemoryState, no: AppNo): App {
  const app = state.apps.find((known) => known.no === no);
  assert(app !== undefined, `app ${no} is there`);
  return app;
}

export function eventsOf(state: MemoryState, row: DeliveryRow): DeliveryView['events'] {
  return row.positions.flatMap((position) => state.events[position - 1] ?? []);
}
