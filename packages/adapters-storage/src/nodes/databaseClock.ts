import type { Clock, Instant } from '@recalld/domain';

/** Clocks that differ by less need no correction: it would be as wrong as what it corrects. */
const toleranceMs = 20;

/** This machine's clock as it was when the process started, and what has passed since: steps of it do nothing. */
export const steadyClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
};

/** The database's clock, as this node knows it: all nodes have one time, whatever their own clocks say. */
export class DatabaseClock implements Clock {
  readonly #system: Clock;
  #offsetMs = 0;

  constructor(system: Clock) {
    this.#system = system;
  }

  now(): Instant {
    return this.#system.now() + this.#offsetMs;
  }

  /** The database said `told` at some time between two readings of this machine's clock. */
  follow(told: Instant, asked: Instant, answered: Instant): void {
    const offsetMs = Math.round(told - (asked + answered) / 2);
    const unsureMs = Math.max(toleranceMs, (answered - asked) / 2);
    if (Math.abs(offsetMs - this.#offsetMs) > unsureMs) this.#offsetMs = offsetMs;
  }

  /** This machine's own clock, to call `follow` with. */
  get system(): Clock {
    return this.#system;
  }
}
