import type { Instant } from '../kernel/ids.js';

/** Deliveries that are over, and what is kept of attempts. */
export interface FinishedDeliveries {
  /**
   * Forgets attempts made before an instant, deliveries planned before it that were delivered or whose
   * rule was removed, and redelivery jobs that were finished before it; dead ones of a living rule
   * stay, for somebody to send them again. At most `limit` rows; answers how many. One call looks at a
   * bounded number of rows and the next one goes on there, so fewer than `limit` may not be all.
   * `goOn` is asked between small steps: false ends it early.
   */
  forget(before: Instant, limit: number, goOn?: () => boolean): Promise<number>;
}
