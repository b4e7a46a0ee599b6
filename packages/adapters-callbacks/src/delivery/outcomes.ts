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
}

/** Outcomes in one transaction. */
const batchMax = 500;

/** Writes the outcomes of attempts, many at once, again and again until the store has taken them. */
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
    const { queue, clock, log, gatherMs, onWritten } = this.#deps;
    let failures = 0;
    while (this.#pending.length > 0 && !this.#closed.signal.aborted) {
      await pause(gatherMs, this.#hurry.signal);
      const batch = this.#pending.slice(0, batchMax);
      try {
        const settlement = await queue.settle(batch, clock.now());
        failures = 0;
        this.#pending.splice(0, batch.length);
        onWritten(batch, settlement);
      } catch (err) {
        failures += 1;
        log.error({ err, failures }, 'outcomes of deliveries could not be written');
        await pause(backoffMs(failures), this.#closed.signal);
      }
    }
    this.#writing = undefined;
  }
}
