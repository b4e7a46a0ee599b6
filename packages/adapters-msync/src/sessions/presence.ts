import type { Instant } from '@recalld/domain';

/** When a silent socket is to be asked whether somebody is there, and when it is to be given up. */
export class Presence {
  readonly #limits: { readonly silentMs: number; readonly silentAsksMax: number };
  /** Since when it is silent, or was asked last: a clock that jumps gives nobody up who was not asked. */
  #since: Instant;
  #asks = 0;

  constructor(limits: { readonly silentMs: number; readonly silentAsksMax: number }, now: Instant) {
    this.#limits = limits;
    this.#since = now;
  }

  heard(now: Instant): void {
    this.#since = now;
    this.#asks = 0;
  }

  /** What to do now; it takes for granted that it is done. */
  check(now: Instant): 'nothing' | 'ask' | 'giveUp' {
    const { silentAsksMax, silentMs } = this.#limits;
    if (now - this.#since < silentMs) return 'nothing';
    if (this.#asks >= silentAsksMax) return 'giveUp';
    this.#asks += 1;
    this.#since = now;
    return 'ask';
  }
}
