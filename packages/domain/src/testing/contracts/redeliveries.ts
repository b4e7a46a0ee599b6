import { beforeEach, describe, expect, it } from 'vitest';
import { changeRule } from '../rules.js';
import { attemptSample, ruleSample, sampleInstant } from '../samples.js';
import { claim, claimOne, dueAt, endOne, recallOne, stateOf } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** One delivery sent again on demand. Jobs over many have a suite of their own. */
export function describeRedeliveries(name: string, harness: StorageHarness): void {
  describe(`Redeliveries, one: ${name}`, () => {
    const world = useWorld(harness);
    const again = (id: string, now = world().clock.now()) =>
      world().ports.redeliveries.one(world().app.no, id, now);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    it.each([
      { status: 'delivered', attempts: 3 },
      { status: 'dead', attempts: 13 },
      { status: 'waiting', attempts: 5, dueAt: sampleInstant * 2 },
    ] as const)('queues one that is $status under its id, with the whole schedule', async (state) => {
      const { ports, app, clock } = world();
      await recallOne(world());
      const id = await claimOne(world());
      await ports.deliveries.settle([{ id, owner: 'a', state, attempt: attemptSample() }], clock.now());
      const now = clock.now() + 5000;

      expect(await again(id, now)).toBe('queued');

      expect(await stateOf(world(), id)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
      expect(await dueAt(world())).toBe(now);
      expect((await claim(world(), 'a', now)).map((delivery) => delivery.id)).toEqual([id]);
      expect((await ports.deliveryReader.find(app.no, id))?.attempts).toHaveLength(1);
    });

    it('does not queue what is in a worker’s hands', async () => {
      await recallOne(world());
      const id = await claimOne(world());

      expect(await again(id)).toBe('underway');

      expect(await stateOf(world(), id)).toMatchObject({ status: 'leased', owner: 'a' });
    });

    it('does not know what is not there, another app’s, or a removed rule’s', async () => {
      const { ports, app, clock } = world();
      const id = await endOne(world(), 'dead');

      expect(await again('unknown')).toBe('unknown');
      expect(await again('r1:999999999')).toBe('unknown');
      expect(await ports.redeliveries.one(app.no + 1, id, clock.now())).toBe('unknown');
      await ports.rules.remove(app.no, 'r1');
      expect(await again(id)).toBe('unknown');
      expect(await stateOf(world(), id)).toMatchObject({ status: 'dead' });
    });

    it('queues one of a rule that is not enabled: it goes out when the rule is', async () => {
      const { ports, app, clock } = world();
      const id = await endOne(world(), 'dead');
      await changeRule(ports.rules, app.no, 'r1', { enabled: false }, clock.now());

      expect(await again(id)).toBe('queued');

      expect(await claim(world(), 'a', clock.now())).toEqual([]);
      await changeRule(ports.rules, app.no, 'r1', { enabled: true }, clock.now());
      expect(await claimOne(world())).toBe(id);
    });

    it('race, redeliver and claim: one that a worker took in time is underway', async () => {
      await recallOne(world());
      const now = world().clock.now();
      const { entities } = await world().ports.deliveryReader.page({ app: world().app.no, limit: 1 });
      const id = entities[0]?.id ?? '';

      const [taken, answer] = await Promise.all([claim(world(), 'a', now), again(id)]);

      const held = [...taken, ...(await claim(world(), 'b', now))];
      expect(held.map((delivery) => delivery.id)).toEqual([id]);
      if (taken.length === 0) expect(answer).toBe('queued');
    });
  });
}
