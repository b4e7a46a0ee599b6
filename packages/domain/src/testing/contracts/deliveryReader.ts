import { beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../callback/delivery.js';
import type { Attempt } from '../../ports/deliveryQueue.js';
import { changeRule } from '../rules.js';
import { appSample, attemptSample, recallSample, ruleSample, sampleInstant } from '../samples.js';
import { claim, claimOne } from './deliverySupport.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Deliveries as the management API lists them. */
export function describeDeliveryReader(name: string, harness: StorageHarness): void {
  describe(`DeliveryReader: ${name}`, () => {
    const world = useWorld(harness);
    const recallOne = async (to = 'u2') => {
      const { send, recall } = world();
      return await recall(await send({ to }), { to });
    };
    /** Settles the oldest delivery that is due. */
    const settleOne = async (state: DeliveryState, attempt?: Attempt) => {
      const { ports, clock } = world();
      const settled = { id: await claimOne(world()), owner: 'a', state };
      await ports.deliveries.settle([attempt === undefined ? settled : { ...settled, attempt }], clock.now());
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
        attemptSample({ request: null, tookMs: 0, status: null, error: 'nothing to send', answerHead: null }),
        attemptSample({ tookMs: 10_000, status: null, error: 'timeout', answerHead: null }),
        attemptSample({
          requestedAt: sampleInstant + 1,
          request: {
            url: 'https://backend.example.com/?a=%20&b="忙"',
            headers: { 'Content-Type': 'application/json', 'X-Sign': 'a "quoted" — 忙' },
          },
          status: 503,
          answerHead: 'verstopft — 忙',
        }),
      ];
      await settleOne({ status: 'waiting', attempts: 1, dueAt: clock.now() }, attempts[0]);
      await settleOne({ status: 'waiting', attempts: 2, dueAt: clock.now() }, attempts[1]);
      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });
      expect(entities[0]).toMatchObject({ lastStatus: null, lastError: 'timeout' });

      const id = await settleOne({ status: 'waiting', attempts: 3, dueAt: clock.now() }, attempts[2]);

      const found = await ports.deliveryReader.find(app.no, id);
      expect(found?.attempts).toEqual(attempts);
      expect(found?.delivery).toMatchObject({ lastStatus: 503, lastError: null, state: { attempts: 3 } });
    });

    it('logs no attempt that was cut off', async () => {
      const { ports, app, clock } = world();
      await recallOne();

      const id = await settleOne({ status: 'waiting', attempts: 0, dueAt: clock.now() });

      expect((await ports.deliveryReader.find(app.no, id))?.attempts).toEqual([]);
    });

    it('lists by status: pending is all that is not over', async () => {
      const { ports, app, clock } = world();
      await changeRule(ports.rules, app.no, 'r1', { ordered: true }, clock.now());
      for (const to of ['u2', 'u3', 'u4', 'u5', 'u5']) await recallOne(to);
      const delivered = await settleOne({ status: 'delivered', attempts: 1 });
      const dead = await settleOne({ status: 'dead', attempts: 13 });
      await claim(world(), 'a', clock.now(), 1);

      const idsOf = async (status?: 'pending' | 'delivered' | 'dead') => {
        const query = { app: app.no, limit: 10, ...(status === undefined ? {} : { status }) };
        return (await ports.deliveryReader.page(query)).entities.map(({ id }) => id);
      };
      expect(await idsOf('delivered')).toEqual([delivered]);
      expect(await idsOf('dead')).toEqual([dead]);
      const pending = await idsOf('pending');
      expect(pending).toHaveLength(3);
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

    it('lists those of one rule, also together with a status', async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r2'));
      await recallOne();
      await recallOne();
      const done = await settleOne({ status: 'delivered', attempts: 1 });
      const list = async (q: { ruleId: string; status?: 'pending' | 'delivered' }) =>
        (await ports.deliveryReader.page({ app: app.no, limit: 10, ...q })).entities;

      expect((await list({ ruleId: 'r2' })).map(({ rule }) => rule.id)).toEqual(['r2', 'r2']);
      expect((await list({ ruleId: 'r1' })).map(({ rule }) => rule.id)).toEqual(['r1', 'r1']);
      expect((await list({ ruleId: 'r1', status: 'delivered' })).map(({ id }) => id)).toEqual([done]);
      expect(await list({ ruleId: 'r2', status: 'delivered' })).toEqual([]);
      expect(await list({ ruleId: 'unknown' })).toEqual([]);
      const pages = await allPages((from) =>
        ports.deliveryReader.page({
          app: app.no,
          ruleId: 'r2',
          limit: 1,
          ...(from === undefined ? {} : { from }),
        }),
      );
      expect(pages.flat().map(({ rule }) => rule.id)).toEqual(['r2', 'r2']);
    });

    it('finds the deliveries that start with an event, one per rule', async () => {
      const { ports, app, loop, send, ids, clock } = world();
      await ports.rules.create(ruleSample(app.no, 'r2'));
      await recallOne();
      const recalls = [await send(), await send()].map((msgId) =>
        recallSample({ app: app.no, msgId, recallId: ids.next(), now: clock.now() }),
      );
      const [first, second] = await loop.submit(recalls);
      const positions = [first, second].map(
        (outcome) => (outcome?.ok ? outcome.events[0]?.position : 0) ?? 0,
      );

      for (const position of positions) {
        const found = await ports.deliveryReader.startingAt(app.no, position);
        expect(found.map(({ rule }) => rule.id)).toEqual(['r1', 'r2']);
        expect(found.map(({ events }) => events[0]?.position)).toEqual([position, position]);
      }
      const [listed] = (await ports.deliveryReader.page({ app: app.no, ruleId: 'r1', limit: 1 })).entities;
      expect((await ports.deliveryReader.startingAt(app.no, positions[1] ?? 0))[0]).toEqual(listed);
      expect(await ports.deliveryReader.startingAt(app.no, 1)).toEqual([]);
      expect(await ports.deliveryReader.startingAt(app.no + 1, positions[0] ?? 0)).toEqual([]);
    });

    it('shows the rule that the next attempt would follow', async () => {
      const { ports, app, clock } = world();
      await recallOne();
      const rulesShown = async () =>
        (await ports.deliveryReader.page({ app: app.no, limit: 10 })).entities.map(({ rule }) => rule);

      const corrected = await changeRule(
        ports.rules,
        app.no,
        'r1',
        { url: 'https://new.example/' },
        clock.now(),
      );
      expect(await rulesShown()).toEqual([corrected]);
      await changeRule(ports.rules, app.no, 'r1', { dialect: 'tencent' }, clock.now());
      expect(await rulesShown()).toEqual([corrected]);
    });

    it('shows the rule also when it is gone', async () => {
      const { ports, app, clock } = world();
      await recallOne();
      const url = 'https://new.example/';
      await changeRule(ports.rules, app.no, 'r1', { url }, clock.now());
      await ports.rules.remove(app.no, 'r1');

      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });

      expect(entities).toMatchObject([
        { rule: { id: 'r1', name: 'rule r1', url }, state: { status: 'dead' } },
      ]);
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
