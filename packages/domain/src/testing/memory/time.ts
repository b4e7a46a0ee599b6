import { composeId, idEpochMs } from '../../kernel/ids.js';
import type { Instant } from '../../kernel/ids.js';
import type { Clock } from '../../ports/clock.js';
import type { IdSource } from '../../ports/idSource.js';

/** A clock that stands still until somebody moves it. */
export interface FixedClock extends Clock {
  /** Moves the clock, ms; a negative number sets it back. */
  advance(ms: number): void;
}

export function createFixedClock(start: Instant): FixedClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}

/** The instant that samples and fakes start from. */
export const sampleInstant: Instant = 1_760_000_000_000;
const counterMax = 2 ** 22 - 1;

/** Real ids, one after the other, of node 1; minted in the clock's second, and never going back with it. */
export function createSequentialIds(clock: Clock = createFixedClock(sampleInstant)): IdSource {
  let second = 0;
  let counter = -1;
  return {
    next: () => {
      const current = Math.floor((clock.now() - idEpochMs) / 1000);
      if (current > second || counter === counterMax) {
        second = Math.max(current, second + 1);
        counter = -1;
      }
      counter += 1;
      return composeId(second, 1, counter);
    },
  };
}

/** The command loop's turn: everything submitted in the same synchronous stretch joins the batch. */
export function immediateTurn(): Promise<void> {
  return Promise.resolve();
}
