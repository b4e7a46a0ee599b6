import { describe, expect, it } from 'vitest';
import type { RateLimitName, RatesTaken, RateUse } from '../../rate-limit/rateLimit.js';
import { appSample, sampleInstant as start } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import type { World } from '../world.js';

const ok: RatesTaken = { ok: true };

function use(limit: RateLimitName, max: number, change: Partial<RateUse> = {}): RateUse {
  return { limit, user: null, count: 1, max, ...change };
}

const deletion = (user: string): RateUse => use('conversationDeletionsPerMinuteAndUser', 2, { user });

/** Rates: all or nothing, never more than a limit, and what an app may is a setting of it. */
export function describeRateLimits(name: string, harness: StorageHarness): void {
  describe(`RateLimits: ${name}`, () => {
    const world = useWorld(harness);
    describe('uses', () => describeUses(world));
    describe('windows', () => describeWindows(world));
    describe('limits of an app', () => describeSettings(world));
  });
}

function describeUses(world: () => World): void {
  const take = (now: number, ...uses: readonly RateUse[]) =>
    world().ports.rateLimits.take(world().app.no, uses, now);

  it('are taken up to the limit, and again when the window is over', async () => {
    const recall = use('recallsPerSecond', 2);

    expect(await take(start, recall)).toEqual(ok);
    expect(await take(start + 999, recall)).toEqual(ok);
    const refused = { ok: false, exhausted: ['recallsPerSecond'], freeAt: start + 1000 };
    expect(await take(start + 999, recall)).toEqual(refused);
    expect(await take(start + 999, recall)).toEqual(refused);
    expect(await take(start + 1000, recall)).toEqual(ok);
    expect(await take(start + 1999, recall)).toEqual(ok);
    expect(await take(start + 1999, recall)).toMatchObject({ ok: false, freeAt: start + 2000 });
  });

  it('count as many as they are, all of them or none', async () => {
    const messages = (count: number) => use('userMessagesPerMinute', 10, { count });

    expect(await take(start, messages(8))).toEqual(ok);
    expect(await take(start, messages(3))).toMatchObject({ ok: false });
    expect(await take(start, messages(2))).toEqual(ok);
    expect(await take(start, messages(1))).toMatchObject({ ok: false });
  });

  it('of several limits: what one refuses uses nothing of the others up', async () => {
    const all = use('requestsPerSecond', 3);
    await take(start, all, deletion('u1'));
    await take(start, all, deletion('u1'));

    expect(await take(start, all, deletion('u1'))).toEqual({
      ok: false,
      exhausted: ['conversationDeletionsPerMinuteAndUser'],
      freeAt: start + 60_000,
    });

    expect(await take(start, all, deletion('u2'))).toEqual(ok);
    expect(await take(start, all, deletion('u2'))).toMatchObject({ exhausted: ['requestsPerSecond'] });
  });

  it('are of one user or app, whatever these are called', async () => {
    const { ports, app } = world();
    const other = await ports.apps.create(appSample({ name: 'second' }));
    if (typeof other === 'string') throw new Error(other);
    const users = ['u1', 'u2', 'ü/2 %', '/u1'];

    for (const user of users) {
      const takes = [1, 2, 3].map(() => ports.rateLimits.take(app.no, [deletion(user)], start));
      expect((await Promise.all(takes)).filter((taken) => taken.ok)).toHaveLength(2);
    }
    expect(await ports.rateLimits.take(other.no, [deletion('u1')], start)).toEqual(ok);
  });

  it('race, many take at once: as many get theirs as the limit allows', async () => {
    const together = Array.from({ length: 40 }, (_, n) =>
      take(start + (n % 3), use('requestsPerSecond', 30), use('recallsPerSecond', 7)),
    );

    const taken = await Promise.all(together);

    expect(taken.filter((each) => each.ok)).toHaveLength(7);
    const rest = Array.from({ length: 40 }, () => take(start + 500, use('requestsPerSecond', 30)));
    expect((await Promise.all(rest)).filter((each) => each.ok)).toHaveLength(23);
  });
}

function describeWindows(world: () => World): void {
  const deleteOnce = (user: string, now: number) =>
    world().ports.rateLimits.take(
      world().app.no,
      [use('conversationDeletionsPerMinuteAndUser', 1, { user })],
      now,
    );

  it('that are over are forgotten, no more at a time than are asked for', async () => {
    const { rateLimits } = world().ports;
    for (const user of ['u1', 'u2', 'u3']) await deleteOnce(user, start);

    expect(await rateLimits.forget(start + 1, 2)).toBe(2);
    expect(await rateLimits.forget(start + 1, 2)).toBe(1);
    expect(await rateLimits.forget(start + 1, 2)).toBe(0);

    expect(await deleteOnce('u1', start + 1)).toEqual(ok);
  });

  it('that began then or later go on counting', async () => {
    await deleteOnce('u1', start);

    expect(await world().ports.rateLimits.forget(start, 100)).toBe(0);

    expect(await deleteOnce('u1', start + 1)).toMatchObject({ ok: false });
  });
}

function describeSettings(world: () => World): void {
  it('are none until somebody sets some', async () => {
    const { ports, app } = world();
    expect((await ports.apps.findByNo(app.no))?.rateLimits).toEqual({});
  });

  it('are set, kept and taken off, and the app is answered with what it has', async () => {
    const { ports, app } = world();
    const { rateLimits } = ports;
    const limitsOf = async () => (await ports.apps.find(app.org, app.name))?.rateLimits;

    const set = { recallsPerSecond: 100, tokensPerSecond: 300 };
    expect(await rateLimits.change(app.no, set)).toEqual(set);
    expect(await limitsOf()).toEqual(set);

    const changed = { recallsPerSecond: 5, uploadsPerSecond: 1 };
    const now = { recallsPerSecond: 5, uploadsPerSecond: 1 };
    expect(await rateLimits.change(app.no, { ...changed, tokensPerSecond: null })).toEqual(now);
    expect(await limitsOf()).toEqual(now);

    await rateLimits.change(app.no, { recallsPerSecond: null, uploadsPerSecond: null });
    expect(await limitsOf()).toEqual({});
  });

  it('leave the rest of the app, and other apps, as they are', async () => {
    const { ports, app } = world();
    const second = await ports.apps.create(appSample({ name: 'second', sdkAppId: 7 }));

    await ports.rateLimits.change(app.no, { recallsPerSecond: 5 });
    await ports.apps.changeCredentials(app.no, { clientId: 'new' });

    const changed = { ...app, clientId: 'new', rateLimits: { recallsPerSecond: 5 } };
    expect(await ports.apps.all()).toEqual([changed, second]);
  });

  it('race, change and change: both hold', async () => {
    const { ports, app } = world();

    await Promise.all([
      ports.rateLimits.change(app.no, { recallsPerSecond: 5 }),
      ports.rateLimits.change(app.no, { tokensPerSecond: 6 }),
    ]);

    const limits = (await ports.apps.findByNo(app.no))?.rateLimits;
    expect(limits).toEqual({ recallsPerSecond: 5, tokensPerSecond: 6 });
  });
}
