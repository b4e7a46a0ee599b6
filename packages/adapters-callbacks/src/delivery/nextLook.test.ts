import { describe, expect, it } from 'vitest';
import { nextLook } from './nextLook.js';
import type { Seen } from './nextLook.js';

const nothing: Seen = { claimed: false, throttleMs: 0, dueInMs: [], waiting: false, sweepMs: 5_000 };
const next = (seen: Partial<Seen>) => nextLook({ ...nothing, ...seen });

describe('the next look into the queue', () => {
  it('comes at once while there is something to claim, and later when claims keep coming', () => {
    expect(next({ claimed: true })).toEqual({ pauseMs: 1, sleepMs: 0 });
    expect(next({ claimed: true, throttleMs: 20 })).toEqual({ pauseMs: 20, sleepMs: 0 });
  });

  it.each([
    ['after the sweep’s time when nothing is open', [], 5_000],
    ['after the sweep’s time when what is open is due later', [60_000, 7_000], 5_000],
    ['when the first of what is open is due', [4_000, 700, 900], 700],
    ['not at once for what is due in a moment', [3], 50],
    ['a quarter of a second later when there is no room for what is due', [0, 4_000], 250],
    ['when the first is due, though there is no room for another', [-800, 120], 120],
  ])('comes %s', (_, dueInMs, sleepMs) => {
    expect(next({ dueInMs })).toEqual({ pauseMs: 1, sleepMs });
  });

  it('comes soon while something waits in hand, which may have to go back', () => {
    expect(next({ waiting: true }).sleepMs).toBe(250);
    expect(next({ waiting: true, dueInMs: [100] }).sleepMs).toBe(100);
    expect(next({ waiting: true, sweepMs: 80 }).sleepMs).toBe(80);
  });
});
