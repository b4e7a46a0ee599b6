import type { DeliveryState } from '../callback/delivery.js';
import type { CallbackRule } from '../callback/rule.js';
import type { RecordedEvent } from '../events.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { App } from './apps.js';
import type { Cursor, Page } from './timelineReader.js';

/** A delivery in one worker's hands, with everything that rendering its request needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly app: App;
  /** The rule as it was when the delivery was planned. */
  readonly rule: CallbackRule;
  /** What the callback tells, in order; never empty. */
  readonly events: readonly RecordedEvent[];
  readonly state: DeliveryState & { readonly status: 'leased' };
}

/** One try, as it is kept. */
export interface Attempt {
  readonly requestedAt: Instant;
  readonly tookMs: number;
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

/** Due deliveries as workers see them. Leases end by themselves: a killed worker's work goes on elsewhere. */
export interface DeliveryQueue {
  /** Takes up to `max` due deliveries, and those whose lease ran out, oldest due first. */
  claim(q: {
    readonly max: number;
    readonly owner: string;
    readonly now: Instant;
    readonly leaseMs: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /** Holds claimed deliveries for longer; answers those still held. */
  extend(ids: readonly string[], owner: string, leaseUntil: Instant): Promise<readonly string[]>;
  /** Writes the outcome of attempts in one transaction. */
  settle(settled: readonly SettledDelivery[]): Promise<void>;
  /**
   * Queues a delivery again under its id and `ruleForRedelivery`; `unknown` for one that is not there, `underway` for a leased one.
   */
  redeliver(app: AppNo, id: string, now: Instant): Promise<'queued' | 'underway' | 'unknown'>;
  /** When the next delivery is due, or a lease ends; undefined when none is open. */
  nextDueAt(): Promise<Instant | undefined>;
}

/** `pending` covers every state that is not over. */
export type DeliveryStatusFilter = 'pending' | 'delivered' | 'dead';

/** A delivery as the management API lists it. */
export interface DeliveryView {
  readonly id: string;
  readonly app: App;
  readonly rule: CallbackRule;
  readonly events: readonly RecordedEvent[];
  readonly state: DeliveryState;
  readonly createdAt: Instant;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

export interface DeliveryReader {
  /** Newest first. */
  page(q: {
    readonly app: AppNo;
    readonly status?: DeliveryStatusFilter;
    readonly from?: Cursor;
    readonly limit: number;
  }): Promise<Page<DeliveryView>>;
  find(
    app: AppNo,
    id: string,
  ): Promise<{ readonly delivery: DeliveryView; readonly attempts: readonly Attempt[] } | undefined>;
}
