import { beforeEach, describe, expect, it } from 'vitest';
import type { Instant } from '../../kernel/ids.js';
import { changeRule } from '../rules.js';
import { attemptSample, ruleSample } from '../samples.js';
import type { World } from '../world.js';
import { claimOne, endOne, plannedIds, recallOne, stateOf } from './deliverySupport.js';
import type { Ending } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Forgets everything that may be, so many rows at a time; answers how many that were. */
async function forgetAll({ ports }: World, before: Instant, limit = 1000): Promise<number> {
  let all = 0;
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const forgotten = await ports.finishedDeliveries.forget(before, limit);
    expect(forgotten).toBeLessThanOrEqual(limit);
    if (forgotten === 0) return all;
    all += forgotten;
  }
  throw new Error('forgetting ends');
}

/** What is kept of deliveries that are over, and of attempts, for a bounded time. */
export function describeFinishedDeliveries(name: string, harness: StorageHarness): void {
  describe(`FinishedDeliveries: ${name}`, () => {
    const world = useWorld(harness);
    /** Ends a delivery with an attempt made at an instant. */
    const endAt = async (ending: Ending, requestedAt?: Instant, ruleId = 'r1') => {
      const { ports, clock } = world();
      await recallOne(world());
      const id = await claimOne(world(), clock.now(), ruleId);
      const status = ending === 'dead' ? 'dead' : 'delivered';
      const attempt = attemptSample({ requestedAt: requestedAt ?? clock.now() });
      await ports.deliveries.settle(
        [{ id, owner: 'a', state: { status, attempts: 1 }, attempt }],
        clock.now(),
      );
      return id;
    };
    const attemptsOf = async (id: string) =>
      (await world().ports.deliveryReader.find(world().app.no, id))?.attempts.length;
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    it('forgets nothing where there is nothing', async () => {
      expect(await world().ports.finishedDeliveries.forget(world().clock.now() + 1e9, 10)).toBe(0);
    });

    it('forgets what was planned before an instant and delivered, with its attempts', async () => {
      const { clock } = world();
      const old = await endAt('accepted');
      const young = await endAt('accepted');
      const before = clock.now();

      expect(await forgetAll(world(), before)).toBeGreaterThan(0);

      expect(await stateOf(world(), old)).toBeUndefined();
      expect(await attemptsOf(young)).toBe(1);
      expect(await plannedIds(world())).toEqual([young]);
    });

    it('forgets an old delivery whose last attempt is not old yet, when it was delivered', async () => {
      const { clock } = world();
      const before = clock.now() + 5000;
      const id = await endAt('accepted', before + 1);

      await forgetAll(world(), before);

      expect(await stateOf(world(), id)).toBeUndefined();
    });

    it('keeps dead ones of a living rule, for somebody to send them again, without their old attempts', async () => {
      const { ports, app, clock } = world();
      const id = await endAt('dead');
      await forgetAll(world(), clock.now() + 1);

      expect(await stateOf(world(), id)).toEqual({ status: 'dead', attempts: 1 });
      expect(await attemptsOf(id)).toBe(0);
      expect(await ports.redeliveries.one(app.no, id, clock.now())).toBe('queued');
      expect(await claimOne(world())).toBe(id);
    });

    it('keeps what is open, of an ordered rule too, and the attempts that are not old', async () => {
      const { ports, app, clock } = world();
      await changeRule(ports.rules, app.no, 'r1', { ordered: true }, clock.now());
      await recallOne(world());
      await recallOne(world());
      const [id = '', behind = ''] = await plannedIds(world());
      const before = clock.now() + 5000;
      for (const requestedAt of [before - 1, before]) {
        await claimOne(world());
        const state = { status: 'waiting', attempts: 1, dueAt: clock.now() } as const;
        const settled = { id, owner: 'a', state, attempt: attemptSample({ requestedAt, status: 500 }) };
        await ports.deliveries.settle([settled], clock.now());
      }

      expect(await forgetAll(world(), before)).toBe(1);

      const found = await ports.deliveryReader.find(app.no, id);
      expect(found?.attempts.map(({ requestedAt }) => requestedAt)).toEqual([before]);
      expect(found?.delivery.state.status).toBe('waiting');
      expect(await stateOf(world(), behind)).toMatchObject({ status: 'behind' });
    });

    it('forgets every one of a removed rule, and leaves its neighbours’', async () => {
      const { ports, app, clock } = world();
      const dead = await endOne(world(), 'dead');
      await recallOne(world());
      await ports.rules.create(ruleSample(app.no, 'r2'));
      const kept = await endAt('dead', undefined, 'r2');
      await ports.rules.remove(app.no, 'r1');

      await forgetAll(world(), clock.now() + 1);

      expect(await stateOf(world(), dead)).toBeUndefined();
      expect(await plannedIds(world(), 'r1')).toEqual([]);
      expect(await plannedIds(world(), 'r2')).toEqual([kept]);
    });

    it('forgets so many rows at a time', async () => {
      const { clock } = world();
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push(await endAt(n === 4 ? 'dead' : 'accepted'));

      expect(await forgetAll(world(), clock.now() + 1, 2)).toBeGreaterThanOrEqual(5);

      expect(await plannedIds(world())).toEqual(ids.slice(4));
    });
  });
}
