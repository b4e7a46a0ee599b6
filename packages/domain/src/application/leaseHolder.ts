import { limits } from '../limits.js';
import type { Leases } from '../ports/leases.js';

export interface LeaseHolderDeps {
  readonly leases: Leases;
  /** The work that one node at a time does. */
  readonly name: string;
  /** Unique among all processes. */
  readonly owner: string;
  /** Milliseconds that only grow, also while this process is stopped, and that nobody sets. */
  readonly elapsedMs: () => number;
}

/** Whose the work is: `somebody` else's, `mine`, or not known while the store does not answer. */
export type LeaseState = 'mine' | 'somebody' | 'unknown';

/**
 * One node's part in work that one node at a time does. Whoever works asks `state` before each step:
 * it needs no store, and it is not `mine` any more after the process was stopped for too long.
 */
export interface LeaseHolder {
  state(): LeaseState;
  /**
   * Takes or prolongs the lease. To be called every `limits.workLeaseBeatMs` while it is held, and
   * every `limits.workLeaseAskMs` while it is not. @throws what the store throws.
   */
  renew(): Promise<void>;
  /** From now on it is not held; whoever asks next has it. @throws what the store throws. */
  giveUp(): Promise<void>;
}

export function createLeaseHolder({ leases, name, owner, elapsedMs }: LeaseHolderDeps): LeaseHolder {
  let until = -Infinity;
  let elsewhere = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One call after the other: a slow answer to an earlier one says nothing of a later one. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  async function take(): Promise<void> {
    // The store counts from a later moment than this one: here the lease is over first.
    const askedAt = elapsedMs();
    elsewhere = !(await leases.take(name, owner, limits.workLeaseMs));
    until = elsewhere ? -Infinity : askedAt + limits.workLeaseMs - limits.workLeaseMarginMs;
  }

  return {
    state: () => (elapsedMs() < until ? 'mine' : elsewhere ? 'somebody' : 'unknown'),
    renew: () => inTurn(take),
    giveUp: () => {
      until = -Infinity;
      elsewhere = false;
      return inTurn(async () => {
        until = -Infinity;
        await leases.release(name, owner);
      });
    },
  };
}
