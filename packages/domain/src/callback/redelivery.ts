import { assert, never } from '../kernel/assert.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { DeliveryState } from './delivery.js';

/** Which deliveries a redelivery queues again: named ones, or those of a time that are over. */
export type RedeliverySelection =
  | { readonly kind: 'named'; readonly ids: readonly string[] }
  | {
      readonly kind: 'created';
      /** When they were planned: from `since` on, before `until`. */
      readonly since: Instant;
      readonly until: Instant;
      /** Null: of all rules. */
      readonly ruleId: string | null;
      readonly statuses: readonly ('delivered' | 'dead')[];
    };

/**
 * Many deliveries queued again as one job, step by step: each step is one transaction that queues
 * some and remembers how far it came, so that a job that is interrupted goes on and queues none twice.
 */
export interface RedeliveryJob {
  readonly id: string;
  readonly app: AppNo;
  readonly selection: RedeliverySelection;
  readonly createdAt: Instant;
  /** Queued again so far. */
  readonly queued: number;
  /** Null while the job runs. */
  readonly finishedAt: Instant | null;
}

/** What a selection looks at. */
export interface SelectableDelivery {
  readonly id: string;
  readonly ruleId: string;
  readonly createdAt: Instant;
  readonly state: DeliveryState;
}

/** Whether a job queues this delivery again. One that somebody has in hand is on its way anyway. */
export function selects(selection: RedeliverySelection, delivery: SelectableDelivery): boolean {
  const { status } = delivery.state;
  if (status === 'leased') return false;
  switch (selection.kind) {
    case 'named':
      return selection.ids.includes(delivery.id);
    case 'created': {
      const { since, until, ruleId, statuses } = selection;
      const inTime = delivery.createdAt >= since && delivery.createdAt < until;
      return (
        inTime && (ruleId ?? delivery.ruleId) === delivery.ruleId && statuses.some((each) => each === status)
      );
    }
    default:
      return never(selection);
  }
}

/** The job after a step that queued some more; `finishedAt` is null while there may be more to do. */
export function advanced(job: RedeliveryJob, queued: number, finishedAt: Instant | null): RedeliveryJob {
  assert(job.finishedAt === null, `redelivery ${job.id} is over`);
  return { ...job, queued: job.queued + queued, finishedAt };
}
