import { isOver, leased, released } from '../../callback/delivery.js';
import { attemptAt, attemptsAllowed, isNews, observeSettled, probing } from '../../callback/suspension.js';
import type { Instant } from '../../kernel/ids.js';
import type { ClaimedDelivery, DeliveryQueue } from '../../ports/deliveryQueue.js';
import { appOf, dueAtOf, eventsOf, ruleOf, ruleRowOf } from './deliveryRows.js';
import { currentRule } from './state.js';
import type { DeliveryRow, MemoryState, RuleRow } from './state.js';

export function createMemoryDeliveryQueue(state: MemoryState): DeliveryQueue {
  /** The row when its lease is still the owner's; a lease that ran out lasts until somebody takes it. */
  const held = (id: string, owner: string): DeliveryRow | undefined =>
    state.deliveries.find(
      (row) => row.id === id && row.state.status === 'leased' && row.state.owner === owner,
    );
  return {
    due: async () =>
      sendingRules(state)
        .map((rule) => {
          const next = Math.min(...state.deliveries.filter(isOf(rule)).map(dueAtOf));
          return { ruleId: rule.id, dueAt: attemptAt(rule.health, next) };
        })
        .filter(({ dueAt }) => dueAt !== Infinity),
    claim: async ({ rules, owner, now, leaseMs }) =>
      rules.flatMap(({ ruleId, max }) => {
        const rule = sendingRules(state).find(({ id }) => id === ruleId);
        if (rule === undefined) return [];
        const taken = dueOf(state, rule, now).slice(0, Math.min(max, roomOf(state, rule, now)));
        if (taken.length > 0) rule.health = probing(rule.health, now);
        return taken.map((row) => lease(state, row, owner, now + leaseMs));
      }),
    extend: async (ids, owner, leaseUntil) =>
      ids.filter((id) => {
        const row = held(id, owner);
        if (row?.state.status !== 'leased') return false;
        row.state = leased(row.state, owner, leaseUntil);
        return true;
      }),
    settle: async (settled, now) => {
      let anyReleased = false;
      let healthChanged = false;
      for (const { id, owner, ...outcome } of settled) {
        const row = held(id, owner);
        if (row === undefined) continue;
        row.state = outcome.state;
        if (outcome.attempt !== undefined) row.attempts.push(outcome.attempt);
        const rule = ruleRowOf(state, row);
        const health = observeSettled(rule.health, outcome, now);
        if (isNews(rule.health, health)) rule.untold = healthChanged = true;
        rule.health = health;
        if (isOver(row.state) && releaseNext(state, row, now)) anyReleased = true;
      }
      return { released: anyReleased, healthChanged };
    },
  };
}

function isOf(rule: RuleRow): (row: DeliveryRow) => boolean {
  return (row) => row.rule.id === rule.id;
}

/** The rules that may send: there and enabled. */
function sendingRules(state: MemoryState): readonly RuleRow[] {
  return [...state.rules.values()].filter((rule) => !rule.removed && currentRule(rule).enabled);
}

/** A rule's deliveries that somebody may take, the oldest due first; the youngest when it is to be probed. */
function dueOf(state: MemoryState, rule: RuleRow, now: Instant): readonly DeliveryRow[] {
  const due = state.deliveries
    .filter(isOf(rule))
    .filter((row) => dueAtOf(row) <= now)
    .sort((a, b) => dueAtOf(a) - dueAtOf(b));
  return rule.health.status === 'suspended' ? due.toReversed() : due;
}

/** How many more requests a rule may have, among all workers. */
function roomOf(state: MemoryState, rule: RuleRow, now: Instant): number {
  const inHand = state.deliveries
    .filter(isOf(rule))
    .filter((row) => row.state.status === 'leased' && row.state.leaseUntil > now).length;
  const ofItsOwn = (currentRule(rule).concurrencyMax ?? Infinity) - inHand;
  return Math.max(0, Math.min(ofItsOwn, attemptsAllowed(rule.health, now)));
}

function lease(state: MemoryState, row: DeliveryRow, owner: string, leaseUntil: Instant): ClaimedDelivery {
  const held = leased(row.state, owner, leaseUntil);
  row.state = held;
  const app = appOf(state, row.app);
  return { id: row.id, app, rule: ruleOf(state, row), events: eventsOf(state, row), state: held };
}

/** Lets the next one of an ordered rule's conversation go; false when none is behind. */
function releaseNext(state: MemoryState, over: DeliveryRow, now: Instant): boolean {
  const next = state.deliveries.find(
    (row) =>
      row.rule.id === over.rule.id &&
      row.orderKey !== null &&
      row.orderKey === over.orderKey &&
      row.state.status === 'behind',
  );
  if (next === undefined) return false;
  next.state = released(next.state, now);
  return true;
}
