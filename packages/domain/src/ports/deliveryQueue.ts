import type { DeliveryState } from '../callback/delivery.js';
import type { CallbackRule } from '../callback/rule.js';
import type { RecordedEvent } from '../events.js';
import type { Instant } from '../kernel/ids.js';
import type { App } from './apps.js';
import type { CallbackRequest } from './callbackRequest.js';

/** A delivery in one worker's hands, with everything that rendering its request needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly app: App;
  /** By `ruleForAttempt`. */
  readonly rule: CallbackRule;
  /** What the callback tells, in order; never empty. */
  readonly events: readonly RecordedEvent[];
  readonly state: DeliveryState & { readonly status: 'leased' };
}

/** One try, as it is kept for a bounded time. */
export interface Attempt {
  readonly requestedAt: Instant;
  readonly tookMs: number;
  /** Where the request went and its headers; null when none could be rendered. Its body is never stored. */
  readonly request: Omit<CallbackRequest, 'body'> | null;
  /** The receiver's HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Why there was no answer, one line without secrets; null when there was one. */
  readonly error: string | null;
  /** The first bytes of the answer as text. */
  readonly answerHead: string | null;
}

export interface SettledDelivery {
  readonly id: string;
  /** Whose lease it was: a lease that was lost meanwhile is not settled. */
  readonly owner: string;
  readonly state: DeliveryState;
  /** Absent for an attempt that was cut off. */
  readonly attempt?: Attempt;
}

/** A rule that has open deliveries and may send. */
export interface DueRule {
  readonly ruleId: string;
  /** When its next attempt may be made, or a lease of it ends: by `attemptAt`. */
  readonly dueAt: Instant;
}

/** What settling brought about besides the outcomes. */
export interface Settlement {
  /** A delivery that was behind another one is due now. */
  readonly released: boolean;
  /** A rule was suspended or resumed. */
  readonly healthChanged: boolean;
}

/** Due deliveries as workers see them. Leases end by themselves: a killed worker's work goes on elsewhere. */
export interface DeliveryQueue {
  /** The rules with open deliveries, in no order; those that are not enabled are absent. */
  due(): Promise<readonly DueRule[]>;
  /**
   * Takes due deliveries, and those whose lease ran out, of each rule up to `max` of them, oldest due
   * first: fewer where the rule's `concurrencyMax` or `attemptsAllowed` leaves less room among all
   * workers. Of a suspended rule it takes the one that became due last: whoever tests a rule or sends
   * something again wants to see that attempted, not one of the many that wait since the receiver
   * failed; for everything else any of them is as good a probe. Its health moves on by `probing`.
   * @throws any fault of the storage itself; one that cannot be read any more is dead, by `givenUp`.
   */
  claim(q: {
    readonly rules: readonly { readonly ruleId: string; readonly max: number }[];
    readonly owner: string;
    readonly now: Instant;
    readonly leaseMs: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /** Holds claimed deliveries for longer; answers those still held. */
  extend(ids: readonly string[], owner: string, leaseUntil: Instant): Promise<readonly string[]>;
  /**
   * Writes the outcome of attempts in one transaction, releases what stood behind a delivery that is
   * over, and moves the health of the rules by `observe`.
   */
  settle(settled: readonly SettledDelivery[], now: Instant): Promise<Settlement>;
}
