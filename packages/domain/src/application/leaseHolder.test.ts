import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import type { Leases } from '../ports/leases.js';
import { createFixedClock, createMemoryStorage } from '../testing/memory/index.js';
import { createLeaseHolder } from './leaseHolder.js';

const { workLeaseMs, workLeaseMarginMs } = limits;

/** One store, and two nodes on it; time passes for all of them. */
function given(change: (leases: Leases) => Partial<Leases> = () => ({})) {
  const clock = createFixedClock(1_000);
  const stored = createMemoryStorage(clock).leases;
  const leases = { ...stored, ...change(stored) };
  const node = (owner: string) =>
    createLeaseHolder({ leases, name: 'chores', owner, elapsedMs: () => clock.now() });
  return { clock, stored, a: node('a'), b: node('b') };
}

describe('a lease holder', () => {
  it('has the work when it took it first, and the other one has not', async () => {
    const { a, b } = given();
    expect([a.state(), b.state()]).toEqual(['unknown', 'unknown']);

    await a.renew();
    await b.renew();

    expect([a.state(), b.state()]).toEqual(['mine', 'somebody']);
  });

  it('that was stopped for too long knows so before it asks, and before anybody else may have taken it', async () => {
    const { a, b, clock } = given();
    await a.renew();

    clock.advance(workLeaseMs - workLeaseMarginMs - 1);
    expect(a.state()).toBe('mine');
    clock.advance(1);
    expect(a.state()).toBe('unknown');
    await b.renew();
    expect(b.state()).toBe('somebody');

    clock.advance(workLeaseMarginMs);
    await b.renew();
    await a.renew();
    expect([a.state(), b.state()]).toEqual(['somebody', 'mine']);
  });

  it('counts from when it asked, not from when it was answered', async () => {
    const slow = 4_000;
    const world = given((stored) => ({
      take: async (...asked) => {
        const taken = await stored.take(...asked);
        world.clock.advance(slow);
        return taken;
      },
    }));
    await world.a.renew();

    world.clock.advance(workLeaseMs - workLeaseMarginMs - slow);

    expect(world.a.state()).toBe('unknown');
  });

  it('keeps what it has while the store does not answer, and not longer', async () => {
    let away = false;
    const { a, clock } = given((stored) => ({
      take: (...asked) => (away ? Promise.reject(new Error('away')) : stored.take(...asked)),
    }));
    await a.renew();
    away = true;

    clock.advance(5_000);
    await expect(a.renew()).rejects.toThrow('away');
    expect(a.state()).toBe('mine');
    clock.advance(workLeaseMs);
    expect(a.state()).toBe('unknown');
  });

  it('that gives it up has it no more at once, and another one may take it', async () => {
    const { a, b } = given();
    await a.renew();

    const over = a.giveUp();
    expect(a.state()).toBe('unknown');
    await over;
    await b.renew();

    expect(b.state()).toBe('mine');
  });

  it('race, prolong and give up: what was asked before is given back too', async () => {
    const { a, b } = given();
    await a.renew();

    await Promise.all([a.renew(), a.giveUp()]);
    await b.renew();

    expect([a.state(), b.state()]).toEqual(['unknown', 'mine']);
  });
});
