import type { AppNo, Instant } from '../kernel/ids.js';
import type { RateLimitChange, RateLimitSettings, RatesTaken, RateUse } from '../rate-limit/rateLimit.js';

/** How often things may be done with an app. All nodes count together. */
export interface RateLimits {
  /** Takes all of the uses, or none when a limit has no room. Uses may be forgotten with a power cut. */
  take(app: AppNo, uses: readonly RateUse[], now: Instant): Promise<RatesTaken>;
  /** Sets limits of an app that is there; answers all that it now has, at every node. */
  change(app: AppNo, change: RateLimitChange): Promise<RateLimitSettings>;
  /** Removes up to `max` windows that began before `before`, whoever's they are; answers how many. */
  forget(before: Instant, max: number): Promise<number>;
}
