/** How many may follow each other at once after a rest. */
const burstMax = 8;

/**
 * Holds back what is dear but should not wait when there is little of it: a few at once, and one per
 * `everyMs` when they keep coming. Times are ms of a clock that only goes forward.
 */
export class Throttle {
  readonly #everyMs: number;
  /** When all that was spent so far is made good. */
  #paidAt = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Spends one; answers how long to wait before the next, ms. */
  spend(now: number): number {
    this.#paidAt = Math.max(this.#paidAt, now) + this.#everyMs;
    return Math.max(0, this.#paidAt - now - burstMax * this.#everyMs);
  }
}
