import { randomInt } from 'node:crypto';
import type { Instant } from '@recalld/domain';
import type { MsyncLimits } from '../limits.js';

/**
 * When the store is to be asked which queues have something for a device. That goes through all
 * conversations of its user, so heartbeats do not: a session hears of whatever comes after its first
 * look. It looks again when it was not told of something or could not remember it, and now and
 * then in any case: members who leave a group may do so before this node tells its members of the
 * group's last messages.
 */
export class Looks {
  readonly #limits: Pick<MsyncLimits, 'lookAgainMs' | 'noticeAgainMs' | 'queuesListedMax'>;
  /** Something was missed. */
  #behindSince: Instant | undefined;
  /** The last look found more than is remembered. */
  #isCut = false;
  /** When the next one is due in any case; undefined before the device has asked for the first. */
  #dueAt: Instant | undefined;

  constructor(limits: Pick<MsyncLimits, 'lookAgainMs' | 'noticeAgainMs' | 'queuesListedMax'>) {
    this.#limits = limits;
  }

  missed(now: Instant): void {
    this.#behindSince ??= now;
  }

  /** What is missed from here on is not certain to be found. */
  begin(): void {
    this.#behindSince = undefined;
  }

  done(now: Instant, isCut: boolean): void {
    const { lookAgainMs } = this.#limits;
    this.#isCut = isCut;
    // Sessions that began together, after a restart, do not all look again at once.
    this.#dueAt = now + randomInt(Math.ceil(lookAgainMs / 2), lookAgainMs + 1);
  }

  /** Whether a heartbeat needs one; `known`: queues that are known to have something. */
  needs(now: Instant, known: number): boolean {
    return this.#dueAt === undefined || this.#behindSince !== undefined || this.#isWanted(now, known);
  }

  /** Whether one is to be made although the device does not ask. */
  isOverdue(now: Instant, known: number): boolean {
    if (this.#behindSince !== undefined) return now - this.#behindSince >= this.#limits.noticeAgainMs;
    return this.#isWanted(now, known);
  }

  #isWanted(now: Instant, known: number): boolean {
    return now >= (this.#dueAt ?? Infinity) || (this.#isCut && known < this.#limits.queuesListedMax);
  }
}
