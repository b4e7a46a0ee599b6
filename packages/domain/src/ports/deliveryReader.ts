import type { DeliveryState } from '../callback/delivery.js';
import type { CallbackRule } from '../callback/rule.js';
import type { RecordedEvent } from '../events.js';
import type { AppNo, Instant, Position } from '../kernel/ids.js';
import type { App } from './apps.js';
import type { Attempt } from './deliveryQueue.js';
import type { Cursor, Page } from './timelineReader.js';

/** `pending` covers every state that is not over. */
export type DeliveryStatusFilter = 'pending' | 'delivered' | 'dead';

/** A delivery as the management API lists it. */
export interface DeliveryView {
  readonly id: string;
  readonly app: App;
  /** By `ruleForAttempt`. */
  readonly rule: CallbackRule;
  readonly events: readonly RecordedEvent[];
  readonly state: DeliveryState;
  readonly createdAt: Instant;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

export interface DeliveryReader {
  /** Newest first. One that cannot be read any more is left out here and below; any other fault is thrown. */
  page(q: {
    readonly app: AppNo;
    readonly status?: DeliveryStatusFilter;
    readonly ruleId?: string;
    readonly from?: Cursor;
    readonly limit: number;
  }): Promise<Page<DeliveryView>>;
  find(
    app: AppNo,
    id: string,
  ): Promise<{ readonly delivery: DeliveryView; readonly attempts: readonly Attempt[] } | undefined>;
  /** The deliveries that an event is the first of, in order of rule. */
  startingAt(app: AppNo, position: Position): Promise<readonly DeliveryView[]>;
}
