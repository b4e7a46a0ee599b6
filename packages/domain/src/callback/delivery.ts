import { assert, never } from '../kernel/assert.js';
import type { Instant } from '../kernel/ids.js';

/**
 * One callback on its way to one rule's URL. At least once: a delivery ends only when the receiver
 * said yes (`delivered`) or the schedule ran out (`dead`, listed, and sent again on demand).
 */
export type DeliveryState =
  | { readonly status: 'waiting'; readonly attempts: number; readonly dueAt: Instant }
  | {
      readonly status: 'leased';
      readonly attempts: number;
      readonly owner: string;
      readonly leaseUntil: Instant;
    }
  | { readonly status: 'delivered'; readonly attempts: number }
  | { readonly status: 'dead'; readonly attempts: number };

/** How one attempt ended; `cut` is one that a stop interrupted: it is made again and counts for nothing. */
export type AttemptOutcome =
  { readonly kind: 'accepted' } | { readonly kind: 'refused' } | { readonly kind: 'cut' };

/**
 * Waits after the first, second, ... failed attempt, ms: about three days in all. Operations asks
 * for at once, 1 s, 5 s, 30 s and so on up to hours.
 */
export const retryDelaysMs: readonly number[] = [
  1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000,
  86_400_000, 86_400_000,
];

/** A delivery as it is planned: due at once. */
export function plannedDelivery(now: Instant): DeliveryState {
  return { status: 'waiting', attempts: 0, dueAt: now };
}

/**
 * The state after an attempt of a leased delivery. `jitter` is a number in [0, 1) that spreads each
 * wait by up to a fifth around its length.
 */
export function settle(
  state: DeliveryState,
  outcome: AttemptOutcome,
  now: Instant,
  jitter: number,
): DeliveryState {
  assert(state.status === 'leased', `only a leased delivery is settled, this one is ${state.status}`);
  switch (outcome.kind) {
    case 'accepted':
      return { status: 'delivered', attempts: state.attempts + 1 };
    case 'refused':
      return afterFailure(state.attempts + 1, now, jitter);
    case 'cut':
      return { status: 'waiting', attempts: state.attempts, dueAt: now };
    default:
      return never(outcome);
  }
}

function afterFailure(attempts: number, now: Instant, jitter: number): DeliveryState {
  const delayMs = retryDelaysMs[attempts - 1];
  if (delayMs === undefined) return { status: 'dead', attempts };
  return { status: 'waiting', attempts, dueAt: now + Math.round(delayMs * (0.8 + 0.4 * jitter)) };
}

/** A delivery sent again on demand: due at once, with the whole schedule before it. */
export function redeliver(now: Instant): DeliveryState {
  return plannedDelivery(now);
}
