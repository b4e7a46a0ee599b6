import { assert, never } from '../kernel/assert.js';
import type { Instant } from '../kernel/ids.js';
import { limits } from '../limits.js';

/**
 * One callback on its way to one rule's URL. At least once: a delivery ends only when the receiver
 * said yes (`delivered`), the schedule ran out, or it can never be sent (`dead`: listed, and sent
 * again on demand).
 *
 *   behind ──▶ waiting ◀──▶ leased ──▶ delivered
 *      │          │            │
 *      └──────────┴────────────┴─────▶ dead
 *
 *   delivered, dead ── redelivered ──▶ waiting
 */
export type DeliveryState =
  /** An ordered rule: an earlier one of its conversation is not over yet. */
  | { readonly status: 'behind'; readonly attempts: number }
  | { readonly status: 'waiting'; readonly attempts: number; readonly dueAt: Instant }
  | {
      readonly status: 'leased';
      readonly attempts: number;
      readonly owner: string;
      readonly leaseUntil: Instant;
    }
  | { readonly status: 'delivered'; readonly attempts: number }
  | { readonly status: 'dead'; readonly attempts: number };

/**
 * How one attempt ended. `cut` is one that a stop interrupted: it is made again and counts for
 * nothing. `retryAfterMs` is how long the receiver asked to be left alone; null when it did not.
 */
export type AttemptOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly retryAfterMs: number | null }
  | { readonly kind: 'cut' };

/**
 * Waits after the first, second, ... failed attempt, ms: about three days in all. Operations asks
 * for at once, 1 s, 5 s, 30 s and so on up to hours.
 */
export const retryDelaysMs: readonly number[] = [
  1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000,
  86_400_000, 86_400_000,
];

/** A delivery as it is planned: due at once, or behind an earlier one of its conversation. */
export function plannedDelivery(now: Instant, isBehind: boolean): DeliveryState {
  return isBehind ? { status: 'behind', attempts: 0 } : { status: 'waiting', attempts: 0, dueAt: now };
}

/** Whether a delivery is over: what stands behind it may go on. */
export function isOver(state: DeliveryState): boolean {
  return state.status === 'delivered' || state.status === 'dead';
}

/** The next one of a conversation, once the one before it is over. */
export function released(state: DeliveryState, now: Instant): DeliveryState {
  assert(
    state.status === 'behind',
    `only a delivery that is behind is released, this one is ${state.status}`,
  );
  return { status: 'waiting', attempts: state.attempts, dueAt: now };
}

/**
 * In the hands of somebody, until the lease ends: taken when it is due or after another's lease ran
 * out, or held for longer.
 */
export function leased(
  state: DeliveryState,
  owner: string,
  leaseUntil: Instant,
): DeliveryState & { readonly status: 'leased' } {
  assert(
    state.status === 'waiting' || state.status === 'leased',
    `only a delivery that waits is leased, this one is ${state.status}`,
  );
  return { status: 'leased', attempts: state.attempts, owner, leaseUntil };
}

/** Dead without another attempt: its rule was removed, or it cannot be read any more. */
export function givenUp(state: DeliveryState): DeliveryState {
  assert(!isOver(state), `only a delivery that is open is given up, this one is ${state.status}`);
  return { status: 'dead', attempts: state.attempts };
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
      return afterFailure(state.attempts + 1, outcome.retryAfterMs ?? 0, now, jitter);
    case 'cut':
      return { status: 'waiting', attempts: state.attempts, dueAt: now };
    default:
      return never(outcome);
  }
}

/** A receiver may ask for a longer wait than the schedule's, up to a bound, never for a shorter one. */
function afterFailure(attempts: number, askedMs: number, now: Instant, jitter: number): DeliveryState {
  const delayMs = retryDelaysMs[attempts - 1];
  if (delayMs === undefined) return { status: 'dead', attempts };
  const ownMs = Math.round(delayMs * (0.8 + 0.4 * jitter));
  const waitMs = Math.max(ownMs, Math.min(Math.ceil(askedMs), limits.retryAfterMsMax));
  return { status: 'waiting', attempts, dueAt: now + waitMs };
}

/**
 * A delivery sent again on demand: due at once, with the whole schedule before it. One that is still
 * behind keeps its place; `underway` when somebody has it in hand.
 */
export function redeliver(state: DeliveryState, now: Instant): DeliveryState | 'underway' {
  switch (state.status) {
    case 'leased':
      return 'underway';
    case 'behind':
      return state;
    case 'waiting':
    case 'delivered':
    case 'dead':
      return { status: 'waiting', attempts: 0, dueAt: now };
    default:
      return never(state);
  }
}
