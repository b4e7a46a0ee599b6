import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import { sampleInstant as now } from '../testing/index.js';
import {
  givenUp,
  isOver,
  leased,
  plannedDelivery,
  redeliver,
  released,
  retryDelaysMs,
  settle,
} from './delivery.js';
import type { AttemptOutcome, DeliveryState } from './delivery.js';

const held = (attempts = 0): DeliveryState => ({
  status: 'leased',
  attempts,
  owner: 'a',
  leaseUntil: now + 1,
});
const behind = (attempts = 0): DeliveryState => ({ status: 'behind', attempts });
const waiting = (attempts = 0, dueAt = now): DeliveryState => ({ status: 'waiting', attempts, dueAt });
const delivered: DeliveryState = { status: 'delivered', attempts: 1 };
const dead: DeliveryState = { status: 'dead', attempts: 13 };
const everyState = [behind(), waiting(), held(), delivered, dead];

const accepted = { kind: 'accepted' } as const;
const cut = { kind: 'cut' } as const;
const refused = (retryAfterMs: number | null = null): AttemptOutcome => ({ kind: 'refused', retryAfterMs });
const jitterArbitrary = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** How long a delivery waits after its next failure. */
function waitAfter(attempts: number, outcome: AttemptOutcome, jitter = 0.5): number | undefined {
  const state = settle(held(attempts), outcome, now, jitter);
  return state.status === 'waiting' ? state.dueAt - now : undefined;
}

describe('a delivery', () => {
  it('is due at once when it is planned', () => {
    expect(plannedDelivery(now, false)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
  });

  it('is delivered when the receiver said yes', () => {
    expect(settle(held(), accepted, now, 0)).toEqual({ status: 'delivered', attempts: 1 });
    expect(settle(held(5), accepted, now, 0)).toEqual({ status: 'delivered', attempts: 6 });
  });

  it('whose attempt was cut off is made again at once, and nothing is counted', () => {
    expect(settle(held(3), cut, now, 0.9)).toEqual({ status: 'waiting', attempts: 3, dueAt: now });
  });

  it('is settled only while it is leased', () => {
    for (const state of everyState.filter(({ status }) => status !== 'leased')) {
      expect(() => settle(state, accepted, now, 0)).toThrow(`this one is ${state.status}`);
    }
  });

  it('does not swallow an outcome or a state that it does not know', () => {
    const unknown = { kind: 'lost' } as unknown as AttemptOutcome;
    expect(() => settle(held(), unknown, now, 0)).toThrow('invariant broken');
    expect(() => redeliver({ status: 'lost' } as unknown as DeliveryState, now)).toThrow('invariant broken');
  });

  it('is leased when it waits, and again when its lease ran out or is held for longer', () => {
    const lease = { status: 'leased', owner: 'b', leaseUntil: now + 9 };
    expect(leased(waiting(2), 'b', now + 9)).toEqual({ ...lease, attempts: 2 });
    expect(leased(held(3), 'b', now + 9)).toEqual({ ...lease, attempts: 3 });
    for (const state of [behind(), delivered, dead]) {
      expect(() => leased(state, 'b', now + 9)).toThrow(`this one is ${state.status}`);
    }
  });

  it('is given up from whatever state that is not over', () => {
    for (const state of [behind(2), waiting(2), held(2)]) {
      expect(givenUp(state)).toEqual({ status: 'dead', attempts: 2 });
    }
    for (const state of [delivered, dead]) {
      expect(() => givenUp(state)).toThrow(`this one is ${state.status}`);
    }
  });

  it('is over when it is delivered or dead', () => {
    expect(everyState.filter(isOver)).toEqual([delivered, dead]);
  });
});

describe('a delivery behind another', () => {
  it('waits for no time, until it is released: then it is due at once', () => {
    const planned = plannedDelivery(now, true);
    expect(planned).toEqual({ status: 'behind', attempts: 0 });
    expect(released(planned, now + 5)).toEqual({ status: 'waiting', attempts: 0, dueAt: now + 5 });
  });

  it('keeps what was counted', () => {
    expect(released(behind(3), now)).toMatchObject({ attempts: 3 });
  });

  it('is the only one that is released', () => {
    for (const state of everyState.filter(({ status }) => status !== 'behind')) {
      expect(() => released(state, now)).toThrow(`this one is ${state.status}`);
    }
  });
});

describe('a delivery sent again on demand', () => {
  it.each([waiting(5, now + 1e9), delivered, dead])(
    'is due at once, with the whole schedule before it, when it is $status',
    (state) => {
      expect(redeliver(state, now)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
    },
  );

  it('is underway when somebody has it in hand', () => {
    expect(redeliver(held(), now)).toBe('underway');
  });

  it('keeps its place while it is behind another', () => {
    expect(redeliver(behind(), now)).toEqual(behind());
  });
});

describe('the retry schedule', () => {
  it('starts with about 1 s, 5 s and 30 s and goes on up to hours, each wait no shorter than the last', () => {
    const hour = 3_600_000;
    expect(retryDelaysMs.slice(0, 3)).toEqual([1_000, 5_000, 30_000]);
    expect(Math.max(...retryDelaysMs)).toBeGreaterThanOrEqual(hour);
    expect(retryDelaysMs).toEqual(retryDelaysMs.toSorted((a, b) => a - b));
    const days = retryDelaysMs.reduce((sum, delay) => sum + delay, 0) / (24 * hour);
    expect(days).toBeGreaterThan(2.5);
    expect(days).toBeLessThan(3.5);
  });

  it('spreads each wait by up to a fifth around its length', () => {
    for (const [n, delayMs] of retryDelaysMs.entries()) {
      expect([waitAfter(n, refused(), 0), waitAfter(n, refused(), 0.5)]).toEqual([delayMs * 0.8, delayMs]);
      expect(waitAfter(n, refused(), 0.999_999)).toBeLessThanOrEqual(delayMs * 1.2);
    }
  });

  it('counts every failed attempt, and is dead when it ran out', () => {
    let state = plannedDelivery(now, false);
    const seen: string[] = [];
    while (state.status !== 'dead') {
      state = settle(held(state.attempts), refused(), now, 0.5);
      seen.push(state.status);
    }

    expect(state).toEqual({ status: 'dead', attempts: retryDelaysMs.length + 1 });
    expect(seen).toEqual([...retryDelaysMs.map(() => 'waiting'), 'dead']);
  });
});

describe('Retry-After', () => {
  it('makes the wait as long as the receiver asks for', () => {
    expect(waitAfter(0, refused(7_000))).toBe(7_000);
    expect(waitAfter(0, refused(7_000.4))).toBe(7_001);
    expect(waitAfter(1, refused(60_000), 0)).toBe(60_000);
  });

  it('never makes it shorter than the schedule’s', () => {
    expect(waitAfter(2, refused(1_000))).toBe(30_000);
    expect(waitAfter(2, refused(0))).toBe(30_000);
  });

  it('makes it a day at most', () => {
    expect(limits.retryAfterMsMax).toBe(86_400_000);
    expect(waitAfter(0, refused(86_400_000))).toBe(86_400_000);
    expect(waitAfter(0, refused(Infinity))).toBe(86_400_000);
  });

  it('gives a delivery no attempt more: the last one fails for good', () => {
    expect(settle(held(retryDelaysMs.length), refused(5_000), now, 0)).toEqual(dead);
  });

  it('never waits into the past, or longer than it may, whatever is asked for', () => {
    const asked = fc.option(
      fc.oneof(fc.double({ min: 0, max: 200_000_000, noNaN: true }), fc.nat(200_000_000)),
    );
    const attempts = fc.nat(retryDelaysMs.length - 1);
    fc.assert(
      fc.property(attempts, asked, jitterArbitrary, (made, askedMs, jitter) => {
        const state = settle(held(made), refused(askedMs), now, jitter);
        expect(state).toMatchObject({ status: 'waiting', attempts: made + 1 });
        const waitMs = waitAfter(made, refused(askedMs), jitter) ?? 0;
        const ownMs = waitAfter(made, refused(), jitter) ?? 0;
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(ownMs);
        expect(waitMs).toBeGreaterThanOrEqual(Math.min(askedMs ?? 0, limits.retryAfterMsMax));
        expect(waitMs).toBeLessThanOrEqual(Math.max(ownMs, limits.retryAfterMsMax));
      }),
    );
  });
});
