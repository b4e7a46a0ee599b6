import { never } from '../kernel/assert.js';
import type { Instant } from '../kernel/ids.js';
import { limits } from '../limits.js';
import type { DeliveryState } from './delivery.js';

/**
 * How a rule's receiver is doing. When nothing has succeeded for ten minutes the rule is suspended:
 * one attempt now and then probes the receiver, everything else waits without losing attempts. One
 * success ends it.
 */
export type RuleHealth =
  | { readonly status: 'healthy' }
  /** The last attempts failed, the first of them at `since`. */
  | { readonly status: 'failing'; readonly since: Instant }
  | {
      readonly status: 'suspended';
      readonly since: Instant;
      /** Probes made so far, and when the next one may be. */
      readonly probes: number;
      readonly probeAt: Instant;
    };

export const healthy: RuleHealth = { status: 'healthy' };

/** Waits before the first, second, ... probe, ms; the last one repeats. */
export const probeDelaysMs: readonly number[] = [60_000, 120_000, 300_000, 600_000];

function probeDelayMs(probes: number): number {
  return probeDelaysMs[Math.min(probes, probeDelaysMs.length - 1)] ?? 0;
}

/** The health after an attempt was accepted or refused; the same object when nothing changed. */
export function observe(health: RuleHealth, outcome: 'accepted' | 'refused', now: Instant): RuleHealth {
  if (outcome === 'accepted') return health.status === 'healthy' ? health : healthy;
  switch (health.status) {
    case 'healthy':
      return { status: 'failing', since: now };
    case 'failing':
      return now - health.since < limits.suspendAfterMs
        ? health
        : { status: 'suspended', since: health.since, probes: 0, probeAt: now + probeDelayMs(0) };
    case 'suspended':
      return health;
    default:
      return never(health);
  }
}

/**
 * The health after a delivery was settled to a state: an attempt that was cut off, which is kept
 * nowhere, says nothing of the receiver, but may have been its probe.
 */
export function observeSettled(
  health: RuleHealth,
  settled: { readonly state: DeliveryState; readonly attempt?: unknown },
  now: Instant,
): RuleHealth {
  if (settled.state.status === 'delivered') return observe(health, 'accepted', now);
  return settled.attempt === undefined ? probeCut(health, now) : observe(health, 'refused', now);
}

/** Whether a rule was suspended or resumed between two healths: what its owner is told. */
export function isNews(before: RuleHealth, after: RuleHealth): boolean {
  return (before.status === 'suspended') !== (after.status === 'suspended');
}

/** How many more requests a rule may have at `now`, besides its own bound; Infinity: any number. */
export function attemptsAllowed(health: RuleHealth, now: Instant): number {
  if (health.status !== 'suspended') return Infinity;
  return health.probeAt <= now ? 1 : 0;
}

/** When a rule that has a delivery due at `dueAt` may make its attempt. */
export function attemptAt(health: RuleHealth, dueAt: Instant): Instant {
  return health.status === 'suspended' ? Math.max(dueAt, health.probeAt) : dueAt;
}

/** The health of a suspended rule whose next attempt, a probe, was just handed out. */
export function probing(health: RuleHealth, now: Instant): RuleHealth {
  if (health.status !== 'suspended') return health;
  const probes = health.probes + 1;
  return { ...health, probes, probeAt: now + probeDelayMs(probes) };
}

/**
 * The health after an attempt was cut off. When it was a probe, that one was not made, and the next
 * may be made now: a stop must not cost the receiver minutes. Before the first probe it was none.
 */
export function probeCut(health: RuleHealth, now: Instant): RuleHealth {
  if (health.status !== 'suspended' || health.probes === 0) return health;
  return { ...health, probes: health.probes - 1, probeAt: Math.min(health.probeAt, now) };
}

/** Somebody has reason to believe that the receiver works again: the next attempt may be made now. */
export function probeNow(health: RuleHealth, now: Instant): RuleHealth {
  return health.status === 'suspended' ? { ...health, probes: 0, probeAt: now } : health;
}
