import { limits } from '@recalld/domain';
import type { ClaimedDelivery } from '@recalld/domain';

/**
 * How a receiver does: `quick` while its answers are good and come soon; `slow` while it lets
 * requests wait; on `trial` while nobody knows, because it is new or was no good last time.
 */
export type Pace = 'quick' | 'trial' | 'slow';

/** Requests to one rule's receiver at a time: at first, and where a slow one that answers ends up. */
const slotsAtFirst = 4;
const slotsOfSlow = 8;
const slotsMin = 1;
/** A receiver is quick while its answers come within this time, ms. */
const quickMs = 500;
/** What a quick receiver's lane holds in all, in rounds of requests: claims and outcomes share transactions. */
const roundsOfQuick = 8;
/** The longest that a receiver is left alone because it asked for that; a single delivery may wait longer. */
const restMsMax = 60_000;

/**
 * The deliveries of one rule in this worker's hands. A quick receiver has several rounds waiting
 * here; any other only what it may have under way, so that nothing is held for a receiver that does
 * not take it. Times are ms of a clock that only goes forward.
 */
export class Lane {
  #waiting: ClaimedDelivery[] = [];
  /** When each request under way was started, oldest first. */
  readonly #underway = new Map<string, number>();
  #held = 0;
  #slots = slotsAtFirst;
  /** The rule's own bound. */
  #concurrencyMax = Infinity;
  /** A moving average of how long a request takes. */
  #tookMs: number | undefined;
  #restsUntil = 0;

  /** Deliveries that wait, are under way, or whose outcome is not written yet. */
  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get underway(): number {
    return this.#underway.size;
  }

  /** A hanging receiver shows in the oldest request under way, before that is over. */
  pace(now: number): Pace {
    const [oldest] = this.#underway.values();
    if (oldest !== undefined && now - oldest >= quickMs) return 'slow';
    if (this.#tookMs === undefined) return 'trial';
    if (this.#tookMs < quickMs && this.#slots > slotsMin) return 'quick';
    return this.#underway.size > 1 ? 'slow' : 'trial';
  }

  /** How long the receiver is left alone from now on, ms. */
  restMs(now: number): number {
    return Math.max(0, this.#restsUntil - now);
  }

  /** How many more deliveries the lane takes from the queue. */
  room(now: number): number {
    if (this.restMs(now) > 0) return 0;
    const rounds = this.pace(now) === 'quick' ? roundsOfQuick : 1;
    return Math.max(0, Math.min(this.#slotsAt(now) * rounds, this.#concurrencyMax) - this.#held);
  }

  add(delivery: ClaimedDelivery): void {
    this.#waiting.push(delivery);
    this.#held += 1;
    this.#concurrencyMax = delivery.rule.concurrencyMax ?? Infinity;
  }

  /** Starts up to `max` deliveries, as far as the receiver may have more requests now. */
  start(max: number, now: number): readonly ClaimedDelivery[] {
    const started = this.#waiting.splice(0, Math.max(0, Math.min(max, this.#startable(now))));
    for (const { id } of started) this.#underway.set(id, now);
    return started;
  }

  /** A request is over. */
  end(id: string, now: number, accepted: boolean): void {
    const tookMs = now - (this.#underway.get(id) ?? now);
    this.#underway.delete(id);
    this.#tookMs = ((this.#tookMs ?? tookMs) + tookMs) / 2;
    this.#slots = slotsAfter(this.#slots, accepted, tookMs);
  }

  /** The receiver asked to be left alone for so long. */
  rest(now: number, ms: number): void {
    this.#restsUntil = Math.max(this.#restsUntil, now + Math.min(ms, restMsMax));
  }

  /** A delivery is out of this worker's hands. */
  letGo(): void {
    this.#held -= 1;
  }

  /** Takes out the waiting deliveries that the predicate picks. */
  takeWaiting(picks: (delivery: ClaimedDelivery) => boolean): readonly ClaimedDelivery[] {
    const taken = this.#waiting.filter(picks);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((delivery) => !picks(delivery));
    return taken;
  }

  /** Takes out what a receiver that rests, or is no longer quick, cannot have now. */
  takeSurplus(now: number): readonly ClaimedDelivery[] {
    const mayWait = this.restMs(now) === 0 && this.pace(now) === 'quick';
    return mayWait ? [] : this.#waiting.splice(Math.max(0, this.#startable(now)));
  }

  #startable(now: number): number {
    if (this.restMs(now) > 0) return 0;
    return Math.min(this.#slotsAt(now), this.#concurrencyMax) - this.#underway.size;
  }

  /** A receiver that was no good shows with one request how it is now. */
  #slotsAt(now: number): number {
    return this.pace(now) === 'trial' && this.#tookMs !== undefined ? 1 : this.#slots;
  }
}

/** Good answers double the requests at a time, as far as is good for their pace; a failure halves them. */
function slotsAfter(slots: number, accepted: boolean, tookMs: number): number {
  const halved = Math.floor(slots / 2);
  if (!accepted) return Math.max(slotsMin, halved);
  if (tookMs < quickMs) return Math.min(limits.callbackConcurrencyMax, slots * 2);
  return slots < slotsOfSlow ? slots * 2 : Math.max(slotsOfSlow, halved);
}
