import type { Instant, TimelineId } from '@recalld/domain';

interface Told {
  at: Instant;
  times: number;
}

/**
 * What one device was told about and has not asked for. It is told once, until it asks; the SDKs
 * follow one notice after the other, and lose one when their connection breaks in the middle of it.
 */
export class Notices {
  readonly #told = new Map<TimelineId, Told>();
  /** Has grown since its last page was read, while the device was getting it. */
  readonly #grown = new Set<TimelineId>();

  get size(): number {
    return this.#told.size + this.#grown.size;
  }

  isTold(timeline: TimelineId): boolean {
    return this.#told.has(timeline);
  }

  tell(timeline: TimelineId, now: Instant): void {
    this.#told.set(timeline, { at: now, times: 0 });
  }

  /** The device asked: whatever stands in the timeline now is going to be in the answer. */
  asked(timeline: TimelineId): void {
    this.#told.delete(timeline);
    this.#grown.delete(timeline);
  }

  /** Puts off a notice until the device has got what it is getting. */
  putOff(timeline: TimelineId): void {
    this.#grown.add(timeline);
  }

  wasPutOff(timeline: TimelineId): boolean {
    return this.#grown.has(timeline);
  }

  /** Those that were put off. */
  offPut(): readonly TimelineId[] {
    return [...this.#grown];
  }

  /** Those that the device has not followed for so long: to be told again, but not for ever. */
  again(now: Instant, afterMs: number, timesMax: number): readonly TimelineId[] {
    const due: TimelineId[] = [];
    for (const [timeline, told] of this.#told) {
      if (now - told.at < afterMs) continue;
      if (told.times === timesMax) {
        this.#told.delete(timeline);
      } else {
        told.at = now;
        told.times += 1;
        due.push(timeline);
      }
    }
    return due;
  }
}
