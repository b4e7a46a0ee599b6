import type { Instant } from '@recalld/domain';
import { userKey } from './userKey.js';

/** So many at once, and then so many a second. */
export interface Rate {
  readonly atOnce: number;
  readonly perSecond: number;
}

/** A token bucket: what was not used is there at once, up to `atOnce`. */
export class TokenBucket {
  readonly #rate: Rate;
  #left: number;
  #at: Instant;

  constructor(rate: Rate, now: Instant) {
    this.#rate = rate;
    this.#left = rate.atOnce;
    this.#at = now;
  }

  /** Whether there is one left; it is taken then. @param cost when it counts for more, the next ones wait longer. */
  take(now: Instant, cost = 1): boolean {
    this.#refill(now);
    if (this.#left < 1) return false;
    this.#left -= cost;
    return true;
  }

  isFull(now: Instant): boolean {
    this.#refill(now);
    return this.#left >= this.#rate.atOnce;
  }

  #refill(now: Instant): void {
    const { atOnce, perSecond } = this.#rate;
    this.#left = Math.min(atOnce, this.#left + (Math.max(0, now - this.#at) / 1000) * perSecond);
    this.#at = now;
  }
}

/** The same rate for each user, whichever device and session it is; unused ones are forgotten. */
export class UserRates {
  readonly #rate: Rate;
  /** The one used last is the last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Whether the user has one left; it is taken then. */
  take(user: Parameters<typeof userKey>[0], now: Instant): boolean {
    const key = userKey(user);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, now);
    const isTaken = bucket.take(now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const [name, unused] of this.#buckets) {
      if (!unused.isFull(now)) break;
      this.#buckets.delete(name);
    }
    return isTaken;
  }

  /** Users that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}
