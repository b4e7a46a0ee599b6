import type { Instant } from '../kernel/ids.js';

/** The time of day. */
export interface Clock {
  now(): Instant;
}
