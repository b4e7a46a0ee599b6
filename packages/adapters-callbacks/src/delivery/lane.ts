import type { ClaimedDelivery } from '@recalld/domain';

/** Requests to one rule's receiver at a time: at first, at most, and at most while it is slow. */
const slotsAtFirst = 8;
const slotsMax = 64;
const slotsWhenSlowMax = 8;
const slotsMin = 1;
/** A receiver is quick while its answers come within this time, ms. */
const quickMs = 500;
/** How long deliveries of a slow receiver stay away, ms. */
const awayMsMin = 500;
const awayMsMax = 20_000;

/**
 * The deliveries of one rule in this worker's hands. A quick receiver may have any number waiting
 * here. A slow or hanging one has a few requests under way and one more round waiting; the rest goes
 * back to the queue for a while, so that it never stands before the deliveries of others. Times are
 * ms of a clock that only goes forward.
 */
export class Lane {
  #waiting: ClaimedDelivery[] = [];
  /** When each request under way was started, oldest first. */
  readonly #underway = new Map<string, number>();
  #slots = slotsAtFirst;
  /** A moving average of how long a request takes. */
  #tookMs = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#underway.size === 0;
  }

  add(delivery: ClaimedDelivery): void {
    this.#waiting.push(delivery);
  }

  /** Starts up to `max` deliveries, as far as the receiver may have more requests now. */
  start(max: number, now: number): readonly ClaimedDelivery[] {
    const count = Math.max(0, Math.min(max, this.#slotsAt(now) - this.#underway.size));
    const started = this.#waiting.splice(0, count);
    for (const { id } of started) this.#underway.set(id, now);
    return started;
  }

  /** A request is over: a quick answer doubles the requests at a time, none halves them. */
  end(id: string, now: number, answered: boolean): void {
    const tookMs = now - (this.#underway.get(id) ?? now);
    this.#underway.delete(id);
    this.#tookMs = (this.#tookMs + tookMs) / 2;
    if (!answered) this.#slots = Math.max(slotsMin, Math.floor(this.#slots / 2));
    else if (tookMs < quickMs) this.#slots = Math.min(slotsMax, this.#slots * 2);
  }

  /** Takes out what a slow receiver has waiting beyond one more round. */
  takeSurplus(now: number): readonly ClaimedDelivery[] {
    return this.#isQuick(now) ? [] : this.#waiting.splice(this.#slotsAt(now));
  }

  /** How long the surplus should stay away: until about the time that this lane has room again, ms. */
  awayMs(now: number): number {
    return Math.min(awayMsMax, Math.max(awayMsMin, 2 * this.#expectedMs(now)));
  }

  /** Takes out the waiting deliveries that the predicate picks. */
  takeWaiting(picks: (delivery: ClaimedDelivery) => boolean): readonly ClaimedDelivery[] {
    const taken = this.#waiting.filter(picks);
    this.#waiting = this.#waiting.filter((delivery) => !picks(delivery));
    return taken;
  }

  #isQuick(now: number): boolean {
    return this.#expectedMs(now) < quickMs;
  }

  #slotsAt(now: number): number {
    return this.#isQuick(now) ? this.#slots : Math.min(this.#slots, slotsWhenSlowMax);
  }

  /** What a request is expected to take: a hanging receiver shows in the oldest one under way. */
  #expectedMs(now: number): number {
    const [oldest] = this.#underway.values();
    return Math.max(this.#tookMs, oldest === undefined ? 0 : now - oldest);
  }
}
