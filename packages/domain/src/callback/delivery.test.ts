import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleInstant as now } from '../testing/index.js';
import { plannedDelivery, redeliver, retryDelaysMs, settle } from './delivery.js';
import type { AttemptOutcome, DeliveryState } from './delivery.js';

const leased = (attempts = 0): DeliveryState => ({
  status: 'leased',
  attempts,
  owner: 'a',
  leaseUntil: now + 1,
});
const [accepted, refused, cut] = [{ kind: 'accepted' }, { kind: 'refused' }, { kind: 'cut' }] as const;

describe('a delivery', () => {
  it('is due at once when it is planned, and when it is sent again on demand', () => {
    expect(plannedDelivery(now)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
    expect(redeliver(now)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
  });

  it('is delivered when the receiver said yes', () => {
    expect(settle(leased(), accepted, now, 0)).toEqual({ status: 'delivered', attempts: 1 });
    expect(settle(leased(5), accepted, now, 0)).toEqual({ status: 'delivered', attempts: 6 });
  });

  it('whose attempt was cut off is made again at once, and nothing is counted', () => {
    expect(settle(leased(3), cut, now, 0.9)).toEqual({ status: 'waiting', attempts: 3, dueAt: now });
  });

  it('is settled only while it is leased', () => {
    const others: readonly DeliveryState[] = [
      plannedDelivery(now),
      { status: 'delivered', attempts: 1 },
      { status: 'dead', attempts: 1 },
    ];
    for (const state of others) {
      expect(() => settle(state, accepted, now, 0)).toThrow(`this one is ${state.status}`);
    }
  });

  it('does not swallow an outcome that it does not know', () => {
    const unknown = { kind: 'lost' } as unknown as AttemptOutcome;
    expect(() => settle(leased(), unknown, now, 0)).toThrow('invariant broken');
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
      const dueAt = (jitter: number) => {
        const state = settle(leased(n), refused, now, jitter);
        return state.status === 'waiting' ? state.dueAt - now : undefined;
      };
      expect([dueAt(0), dueAt(0.5)]).toEqual([delayMs * 0.8, delayMs]);
      expect(dueAt(0.999_999)).toBeLessThanOrEqual(delayMs * 1.2);
    }
  });

  it('counts every failed attempt, and is dead when it ran out', () => {
    let state: DeliveryState = plannedDelivery(now);
    const seen: string[] = [];
    while (state.status !== 'dead') {
      state = settle(leased(state.attempts), refused, now, 0.5);
      seen.push(state.status);
    }

    expect(state).toEqual({ status: 'dead', attempts: retryDelaysMs.length + 1 });
    expect(seen).toEqual([...retryDelaysMs.map(() => 'waiting'), 'dead']);
  });

  it('never waits into the past, whatever the jitter', () => {
    const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(retryDelaysMs.length - 1), jitter, (attempts, spread) => {
        const state = settle(leased(attempts), refused, now, spread);
        expect(state).toMatchObject({ status: 'waiting', attempts: attempts + 1 });
        expect(state.status === 'waiting' && Number.isInteger(state.dueAt) && state.dueAt > now).toBe(true);
      }),
    );
  });
});
