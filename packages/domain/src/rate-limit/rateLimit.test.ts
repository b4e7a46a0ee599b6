import { describe, expect, it } from 'vitest';
import { sampleInstant as start } from '../testing/memory/time.js';
import { bucketOf, changedRateLimits, limitedUses, takeRates } from './rateLimit.js';
import type { RateUse, RateWindow } from './rateLimit.js';

const recall: RateUse = { limit: 'recallsPerSecond', user: null, count: 1, max: 3 };
const deletion = (user: string): RateUse => ({
  limit: 'conversationDeletionsPerMinuteAndUser',
  user,
  count: 1,
  max: 5,
});

const windowsOf = (...windows: readonly (readonly [RateUse, RateWindow])[]) =>
  new Map(windows.map(([use, window]) => [bucketOf(use), window]));

describe('a use of a limit', () => {
  it('given no window, then it begins one', () => {
    expect(takeRates(new Map(), [recall], start)).toEqual({
      taken: { ok: true },
      windows: windowsOf([recall, { startedAt: start, used: 1 }]),
    });
  });

  it.each([
    ['in the middle', 500],
    ['in its last moment', 999],
    ['by a clock that is a little behind', -20],
  ])('given a window with room, %s, then it is counted there', (_, ms) => {
    const known = windowsOf([recall, { startedAt: start, used: 2 }]);
    expect(takeRates(known, [recall], start + ms).windows).toEqual(
      windowsOf([recall, { startedAt: start, used: 3 }]),
    );
  });

  it('given a full window, then it is refused until that one ends, and nothing changes', () => {
    const known = windowsOf([recall, { startedAt: start, used: 3 }]);
    expect(takeRates(known, [recall], start + 999)).toEqual({
      taken: { ok: false, exhausted: ['recallsPerSecond'], freeAt: start + 1000 },
      windows: new Map(),
    });
  });

  it.each([
    ['a window that is over', 1000],
    ['a window that a clock set back by an hour left behind', -3_600_000],
  ])('given %s, then the next one begins with it', (_, ms) => {
    const known = windowsOf([recall, { startedAt: start, used: 3 }]);
    expect(takeRates(known, [recall], start + ms).windows).toEqual(
      windowsOf([recall, { startedAt: start + ms, used: 1 }]),
    );
  });

  it('given a limit that was lowered below what is used, then it is refused', () => {
    const known = windowsOf([recall, { startedAt: start, used: 3 }]);
    expect(takeRates(known, [{ ...recall, max: 2 }], start).taken).toMatchObject({ ok: false });
  });

  it('given more uses than there is room for, then none of them is taken', () => {
    const known = windowsOf([recall, { startedAt: start, used: 1 }]);
    expect(takeRates(known, [{ ...recall, count: 3 }], start).taken.ok).toBe(false);
    expect(takeRates(known, [{ ...recall, count: 2 }], start).taken.ok).toBe(true);
  });

  it('given uses of one window together, then they share its room', () => {
    const known = windowsOf([recall, { startedAt: start, used: 1 }]);
    expect(takeRates(known, [recall, recall], start).windows.get(bucketOf(recall))?.used).toBe(3);
    expect(takeRates(known, [recall, recall, recall], start).taken.ok).toBe(false);
  });
});

describe('uses of several limits', () => {
  it('given that one is exhausted, then the others keep their room', () => {
    const known = windowsOf([deletion('u1'), { startedAt: start, used: 5 }]);
    const { taken, windows } = takeRates(known, [recall, deletion('u1')], start + 10);
    expect(taken).toMatchObject({ ok: false, exhausted: ['conversationDeletionsPerMinuteAndUser'] });
    expect(windows.size).toBe(0);
  });

  it('given that several are exhausted, then the last one that frees says when', () => {
    const known = windowsOf(
      [recall, { startedAt: start, used: 3 }],
      [deletion('u1'), { startedAt: start - 30_000, used: 5 }],
    );
    expect(takeRates(known, [recall, deletion('u1')], start).taken).toEqual({
      ok: false,
      exhausted: ['recallsPerSecond', 'conversationDeletionsPerMinuteAndUser'],
      freeAt: start + 30_000,
    });
  });

  it('given users of one limit, then each has a window', () => {
    const known = windowsOf([deletion('u1'), { startedAt: start, used: 5 }]);
    expect(takeRates(known, [deletion('u2')], start).taken.ok).toBe(true);
  });
});

describe('settings', () => {
  it('take what is new, lose what is null, and keep the rest', () => {
    const settings = { recallsPerSecond: 1, tokensPerSecond: 2, uploadsPerSecond: 3 };
    expect(changedRateLimits(settings, { recallsPerSecond: 9, tokensPerSecond: null })).toEqual({
      recallsPerSecond: 9,
      uploadsPerSecond: 3,
    });
  });

  it('say which uses need leave at all', () => {
    const wanted = [
      { limit: 'recallsPerSecond', user: null, count: 1 },
      { limit: 'tokensPerSecond', user: null, count: 1 },
      { limit: 'uploadsPerSecond', user: null, count: 0 },
    ] as const;
    expect(limitedUses({ recallsPerSecond: 7, uploadsPerSecond: 7 }, wanted)).toEqual([
      { limit: 'recallsPerSecond', user: null, count: 1, max: 7 },
    ]);
  });
});
