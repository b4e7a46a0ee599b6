import type { RedeliveryJob } from '../callback/redelivery.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { Cursor, Page } from './timelineReader.js';

/** Deliveries sent again on demand, one by one and as durable jobs. Those of removed rules never are. */
export interface Redeliveries {
  /** Queues one again by `redeliver`, under its id; `unknown` for one that is not there or whose rule was removed. */
  one(app: AppNo, id: string, now: Instant): Promise<'queued' | 'underway' | 'unknown'>;
  /**
   * Records a job that has queued nothing yet; on disk when it resolves. `tooMany` when the app has
   * `limits.redeliveryJobsRunningMax` that are not finished.
   */
  start(job: Omit<RedeliveryJob, 'queued' | 'finishedAt'>): Promise<RedeliveryJob | 'tooMany'>;
  /**
   * Takes one unfinished job one step further: looks at up to `max` deliveries in one transaction,
   * queues those that `selects` picks, and remembers how far it came. Jobs take turns, so that a long
   * one holds up no other: it goes on with the one whose last step, or start, is the longest ago.
   * Answers whether there may be more to do, and whether something was queued.
   */
  step(now: Instant, max: number): Promise<{ readonly more: boolean; readonly queued: boolean }>;
  find(app: AppNo, id: string): Promise<RedeliveryJob | undefined>;
  /** Newest first. */
  page(q: {
    readonly app: AppNo;
    readonly from?: Cursor;
    readonly limit: number;
  }): Promise<Page<RedeliveryJob>>;
}
