import { beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../callback/delivery.js';
import type { Attempt } from '../../ports/deliveryQueue.js';
import { appSample, ruleSample, sampleInstant } from '../samples.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Deliveries as the management API lists them. */
export function describeDeliveryReader(name: string, harness: StorageHarness): void {
  describe(`DeliveryReader: ${name}`, () => {
    const world = useWorld(harness);
    const recallOne = async () => {
      const { send, recall } = world();
      await recall(await send());
    };
    /** Settles the oldest delivery that is due. */
    const settleOne = async (state: DeliveryState, attempt?: Attempt) => {
      const { ports, clock } = world();
      const query = { max: 1, owner: 'a', now: clock.now(), leaseMs: 20_000 };
      const [held] = await ports.deliveries.claim(query);
      const settled = { id: held?.id ?? '', owner: 'a', state };
      await ports.deliveries.settle([attempt === undefined ? settled : { ...settled, attempt }]);
      return settled.id;
    };
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    it('shows what a delivery is, and that nothing was tried yet', async () => {
      const { ports, app, clock, send, recall } = world();
      const outcome = await recall(await send());
      const now = clock.now();

      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });

      expect(entities).toEqual([
        {
          id: expect.any(String),
          app,
          rule: await ports.rules.find(app.no, 'r1'),
          events: outcome.ok ? outcome.events : [],
          state: { status: 'waiting', attempts: 0, dueAt: now },
          createdAt: now,
          lastStatus: null,
          lastError: null,
        },
      ]);
      const found = await ports.deliveryReader.find(app.no, entities[0]?.id ?? '');
      expect(found).toEqual({ delivery: entities[0], attempts: [] });
    });

    it('shows every attempt in order, and how the last one went', async () => {
      const { ports, app, clock } = world();
      await recallOne();
      const attempts: Attempt[] = [
        { requestedAt: sampleInstant, tookMs: 10_000, status: null, error: 'timeout', answerHead: null },
        { requestedAt: sampleInstant + 1, tookMs: 5, status: 503, error: null, answerHead: 'verstopft — 忙' },
      ];
      await settleOne({ status: 'waiting', attempts: 1, dueAt: clock.now() }, attempts[0]);
      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });
      expect(entities[0]).toMatchObject({ lastStatus: null, lastError: 'timeout' });

      const id = await settleOne({ status: 'waiting', attempts: 2, dueAt: clock.now() }, attempts[1]);

      const found = await ports.deliveryReader.find(app.no, id);
      expect(found?.attempts).toEqual(attempts);
      expect(found?.delivery).toMatchObject({ lastStatus: 503, lastError: null, state: { attempts: 2 } });
    });

    it('logs no attempt that was cut off', async () => {
      const { ports, app, clock } = world();
      await recallOne();

      const id = await settleOne({ status: 'waiting', attempts: 0, dueAt: clock.now() });

      expect((await ports.deliveryReader.find(app.no, id))?.attempts).toEqual([]);
    });

    it('lists by status: pending is all that is not over', async () => {
      const { ports, app, clock } = world();
      for (let n = 0; n < 4; n += 1) await recallOne();
      const delivered = await settleOne({ status: 'delivered', attempts: 1 });
      const dead = await settleOne({ status: 'dead', attempts: 13 });
      await ports.deliveries.claim({ max: 1, owner: 'a', now: clock.now(), leaseMs: 1000 });

      const idsOf = async (status?: 'pending' | 'delivered' | 'dead') => {
        const query = { app: app.no, limit: 10, ...(status === undefined ? {} : { status }) };
        return (await ports.deliveryReader.page(query)).entities.map(({ id }) => id);
      };
      expect(await idsOf('delivered')).toEqual([delivered]);
      expect(await idsOf('dead')).toEqual([dead]);
      const pending = await idsOf('pending');
      expect(pending).toHaveLength(2);
      expect((await idsOf()).toSorted()).toEqual([...pending, delivered, dead].toSorted());
    });

    it('lists the newest first, page by page', async () => {
      const { ports, app } = world();
      for (let n = 0; n < 5; n += 1) await recallOne();

      const pages = await allPages((from) =>
        ports.deliveryReader.page({ app: app.no, limit: 2, ...(from === undefined ? {} : { from }) }),
      );

      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      const positions = pages.flat().map(({ events }) => events[0]?.position ?? 0);
      expect(positions).toEqual(positions.toSorted((a, b) => b - a));
      expect(new Set(positions).size).toBe(5);
    });

    it('shows the rule under which a delivery was planned, also when it is gone', async () => {
      const { ports, app } = world();
      const planned = await ports.rules.find(app.no, 'r1');
      await recallOne();
      await ports.rules.change(app.no, 'r1', { url: 'https://new.example.com/' });
      await ports.rules.remove(app.no, 'r1');

      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });

      expect(entities.map(({ rule }) => rule)).toEqual([planned]);
      expect(entities[0]?.state.status).toBe('dead');
    });

    it('keeps apps apart', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const otherNo = typeof other === 'object' ? other.no : 0;
      await recallOne();
      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });

      expect((await ports.deliveryReader.page({ app: otherNo, limit: 10 })).entities).toEqual([]);
      expect(await ports.deliveryReader.find(otherNo, entities[0]?.id ?? '')).toBeUndefined();
      expect(await ports.deliveryReader.find(app.no, 'unknown')).toBeUndefined();
    });
  });
}
