import { describe, expect, it } from 'vitest';
import { idEpochMs, isMsgId, mintedAt } from '../../kernel/ids.js';
import type { Clock } from '../../ports/clock.js';
import type { IdSource } from '../../ports/idSource.js';
import { createFixedClock } from '../memory/time.js';
import type { FixedClock } from '../memory/time.js';
import { sampleInstant } from '../samples.js';

export interface SourceUnderTest {
  readonly ids: IdSource;
  close(): Promise<void>;
}

export interface IdSourceHarness {
  /** A source on storage of its own. */
  make(clock: Clock): Promise<SourceUnderTest>;
  /** The next source on the storage of the one made last, which ended as in a crash; absent: nothing is kept. */
  restart?(clock: Clock): Promise<SourceUnderTest>;
}

/** Ids that grow, whatever the clock does. */
export function describeIdSource(name: string, harness: IdSourceHarness): void {
  describe(`IdSource: ${name}`, () => {
    /** Runs a test on a source of its own, and closes it. */
    const withSource = async (test: (source: SourceUnderTest, clock: FixedClock) => Promise<void>) => {
      const clock = createFixedClock(sampleInstant);
      const source = await harness.make(clock);
      try {
        await test(source, clock);
      } finally {
        await source.close();
      }
    };

    it('mints ids that can be message ids and tell their second', () =>
      withSource(async ({ ids }, clock) => {
        const first = ids.next();
        clock.advance(3_600_000);
        const second = ids.next();

        expect([isMsgId(first), isMsgId(second)]).toEqual([true, true]);
        expect(mintedAt(first)).toBe(sampleInstant);
        expect(mintedAt(second)).toBe(sampleInstant + 3_600_000);
        expect(mintedAt(first)).toBeGreaterThan(idEpochMs);
      }));

    it('mints each id greater than the one before, thousands within one second', () =>
      withSource(async ({ ids }) => {
        const minted = Array.from({ length: 20_000 }, () => BigInt(ids.next()));

        expect(minted.every((id, n) => n === 0 || id > (minted[n - 1] ?? 0n))).toBe(true);
      }));

    it('does not go back with the clock', () =>
      withSource(async ({ ids }, clock) => {
        const before = BigInt(ids.next());
        clock.advance(-3_600_000);

        expect(BigInt(ids.next())).toBeGreaterThan(before);
      }));

    const { restart } = harness;
    if (restart === undefined) return;
    it('goes on above what was minted before a restart, also with the clock set back', () =>
      withSource(async ({ ids }, clock) => {
        const minted = Array.from({ length: 100 }, () => BigInt(ids.next()));
        clock.advance(-60_000);

        const next = await restart(clock);

        expect(BigInt(next.ids.next())).toBeGreaterThan(minted.at(-1) ?? 0n);
        await next.close();
      }));
  });
}
