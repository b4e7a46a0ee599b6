import type { Clock, DeliveryQueue, Log, SettledDelivery, Settlement } from '@recalld/domain';
import { backoffMs, pause } from '../timing/pause.js';

export interface OutcomesDeps {
  readonly queue: Pick<DeliveryQueue, 'settle'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long outcomes are gathered before they are written together, ms. */
  readonly gatherMs: number;
  /** Told what has been written, and what that brought about. */
  readonly onWritten: (settled: readonly SettledDelivery[], settlement: Settlement) => void;
  /** Told of one that cannot be written. Its lease ends by itself, and the attempt is made again. */
  readonly onDropped: (settled: SettledDelivery) => void;
}

interface Fault {
  readonly err: unknown;
}

/** Outcomes in one transaction. */
const batchMax = 500;
/** How often an outcome is tried alone. */
const triesAloneMax = 3;

/**
 * Writes the outcomes of attempts, many at once, again and again until the store has taken them. One
 * that the store never takes keeps no others back: after a batch's second failure each is written alone.
 */
export class Outcomes {
  readonly #deps: OutcomesDeps;
  readonly #pending: SettledDelivery[] = [];
  #writing: Promise<void> | undefined;
  readonly #hurry = new AbortController();
  readonly #closed = new AbortController();

  constructor(deps: OutcomesDeps) {
    this.#deps = deps;
  }

  add(settled: readonly SettledDelivery[]): void {
    if (settled.length === 0) return;
    this.#pending.push(...settled);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything added so far is written; from now on nothing is gathered any more. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
  }

  /** Gives up what is not written yet: leases bring it back. */
  close(): void {
    this.#hurry.abort();
    this.#closed.abort();
  }

  async #write(): Promise<void> {
    const { log, gatherMs } = this.#deps;
    let failures = 0;
    while (this.#pending.length > 0 && !this.#closed.signal.aborted) {
      await pause(gatherMs, this.#hurry.signal);
      const batch = this.#pending.slice(0, batchMax);
      const fault = await this.#settle(batch);
      const left = fault === undefined ? [] : failures > 0 ? await this.#settleEach(batch) : batch;
      this.#pending.splice(0, batch.length);
      this.#pending.push(...left);
      failures = left.length < batch.length ? 0 : failures + 1;
      if (failures === 0) continue;
      log.error({ ...fault, failures }, 'outcomes of deliveries could not be written');
      await pause(backoffMs(failures), this.#closed.signal);
    }
    this.#writing = undefined;
  }

  /** Writes outcomes together; answers what went wrong. */
  async #settle(settled: readonly SettledDelivery[]): Promise<Fault | undefined> {
    const { queue, clock, onWritten } = this.#deps;
    try {
      onWritten(settled, await queue.settle(settled, clock.now()));
      return undefined;
    } catch (err) {
      return { err };
    }
  }

  /**
   * Writes outcomes one by one; answers those that are still to be written. What fails again and again
   * while the store takes most others is dropped; when it does not take most, it is the store that fails.
   */
  async #settleEach(batch: readonly SettledDelivery[]): Promise<readonly SettledDelivery[]> {
    let failed = await this.#failing(batch);
    const isFew = () => 2 * failed.size <= batch.length;
    for (let tries = 1; tries < triesAloneMax && isFew(); tries += 1) {
      await pause(backoffMs(tries), this.#closed.signal);
      failed = await this.#failing([...failed.keys()]);
    }
    if (!isFew()) return [...failed.keys()];
    for (const [settled, fault] of failed) {
      this.#deps.log.error({ ...fault, delivery: settled.id }, 'the outcome of a delivery was dropped');
      this.#deps.onDropped(settled);
    }
    return [];
  }

  /** Tries each alone; answers those that could not be written. */
  async #failing(batch: readonly SettledDelivery[]): Promise<ReadonlyMap<SettledDelivery, Fault>> {
    const failed = new Map<SettledDelivery, Fault>();
    for (const settled of batch) {
      if (this.#closed.signal.aborted) break;
      const fault = await this.#settle([settled]);
      if (fault !== undefined) failed.set(settled, fault);
    }
    return failed;
  }
}
