import type { Instant, TimelineId } from '@recalld/domain';

interface Told {
  at: Instant;
  times: number;
  readonly count: number;
}

/** A timeline that has something which the device has not asked for, and how many items as far as that is known. */
export interface Unfollowed {
  readonly timeline: TimelineId;
  readonly count: number;
}

/**
 * What one device has and has not asked for. It is told of each timeline once, until it asks; the SDKs
 * follow one notice after the other, and lose one when their connection breaks in the middle of it.
 */
export class Notices {
  readonly #timesMax: number;
  readonly #told = new Map<TimelineId, Told>();
  /** To be told later, with how many items as far as that is known. */
  readonly #putOff = new Map<TimelineId, number>();

  /** `timesMax`: how often a notice is repeated. */
  constructor(timesMax: number) {
    this.#timesMax = timesMax;
  }

  get size(): number {
    return this.#told.size + this.#putOff.size;
  }

  /** Whether the device was told, and may still follow. */
  isTold(timeline: TimelineId): boolean {
    const told = this.#told.get(timeline);
    return told !== undefined && told.times <= this.#timesMax;
  }

  /** How many were told of that the device may still follow. */
  countTold(): number {
    return [...this.#told.values()].filter(({ times }) => times <= this.#timesMax).length;
  }

  tell(timeline: TimelineId, now: Instant): void {
    const count = this.#countOf(timeline);
    this.asked(timeline);
    this.#told.set(timeline, { at: now, times: 0, count });
  }

  /** The device asked: whatever stands in the timeline now is going to be in the answer. */
  asked(timeline: TimelineId): void {
    this.#told.delete(timeline);
    this.#putOff.delete(timeline);
  }

  /** Puts a notice off: the device is getting the timeline, or has enough to follow. */
  putOff(timeline: TimelineId, count = this.#countOf(timeline)): void {
    this.#putOff.set(timeline, count);
  }

  wasPutOff(timeline: TimelineId): boolean {
    return this.#putOff.has(timeline);
  }

  /** Those that were put off. */
  offPut(): readonly TimelineId[] {
    return [...this.#putOff.keys()];
  }

  /** All that the device has not asked for, whether it was told or not. */
  unfollowed(): readonly Unfollowed[] {
    const told = [...this.#told].filter(([timeline]) => !this.#putOff.has(timeline));
    return [
      ...told.map(([timeline, { count }]) => ({ timeline, count })),
      ...[...this.#putOff].map(([timeline, count]) => ({ timeline, count })),
    ];
  }

  /**
   * Those that the device has not followed for so long: to be told again, but not for ever. One that was
   * repeated often enough stays among the unfollowed.
   */
  again(now: Instant, afterMs: number): readonly TimelineId[] {
    const due: TimelineId[] = [];
    for (const [timeline, told] of this.#told) {
      if (told.times > this.#timesMax || now - told.at < afterMs) continue;
      told.at = now;
      told.times += 1;
      if (told.times <= this.#timesMax) due.push(timeline);
    }
    return due;
  }

  #countOf(timeline: TimelineId): number {
    return this.#putOff.get(timeline) ?? this.#told.get(timeline)?.count ?? 1;
  }
}
