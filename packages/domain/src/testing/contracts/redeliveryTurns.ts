import { beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../limits.js';
import { appSample, ruleSample } from '../samples.js';
import { endMany } from './deliverySupport.js';
import { everything, jobOf, run, start } from './redeliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const unknown = (count: number) => Array.from({ length: count }, (_, n) => `unknown ${n}`);
const named = (count: number) => ({ kind: 'named', ids: unknown(count) }) as const;
const many = limits.redeliveryJobsRunningMax;

/** Redelivery jobs beside each other: whose turn it is, how many there may be, and for how long they are kept. */
export function describeRedeliveryTurns(name: string, harness: StorageHarness): void {
  describe(`Redeliveries, turns: ${name}`, () => {
    const world = useWorld(harness);
    let otherNo = 0;
    const startTheirs = (id: string, count = 1) => {
      const { ports, clock } = world();
      const job = { id, app: otherNo, selection: named(count), createdAt: clock.now() };
      return ports.redeliveries.start(job);
    };
    const step = (max = 1) => world().ports.redeliveries.step(world().clock.now(), max);
    /** The jobs of both apps that are not finished. */
    const running = async (): Promise<readonly string[]> => {
      const { ports, app } = world();
      const pages = [app.no, otherNo].map((no) => ports.redeliveries.page({ app: no, limit: 100 }));
      const jobs = (await Promise.all(pages)).flatMap(({ entities }) => entities);
      return jobs.flatMap(({ id, finishedAt }) => (finishedAt === null ? id : [])).toSorted();
    };
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      otherNo = typeof other === 'object' ? other.no : 0;
    });

    it('takes jobs in turn: a long one holds up no short one, of its app or another', async () => {
      await start(world(), named(50), 'long');
      await start(world(), named(2), 'short');
      await startTheirs('theirs', 2);

      for (let n = 0; n < 3; n += 1) await step();
      expect(await running()).toEqual(['long', 'short', 'theirs']);
      for (let n = 0; n < 3; n += 1) await step();

      expect(await running()).toEqual(['long']);
    });

    it('a job that starts meanwhile has its turn before the others have theirs twice', async () => {
      await start(world(), named(50), 'one');
      await start(world(), named(50), 'two');
      for (let n = 0; n < 5; n += 1) await step();

      await startTheirs('theirs');
      for (let n = 0; n < 3; n += 1) await step();

      expect(await running()).toEqual(['one', 'two']);
    });

    it('an app that starts job after job holds up no other', async () => {
      await startTheirs('theirs', 3);
      for (let n = 0; n < 6; n += 1) {
        await start(world(), named(1), `job ${n}`);
        await step();
      }

      expect(await running()).not.toContain('theirs');
    });

    it('queues each delivery once, whoever has its turn', async () => {
      const ids = await endMany(world(), 4);
      await start(world(), { kind: 'named', ids: ids.slice(0, 2) }, 'a');
      await start(world(), { kind: 'named', ids: ids.slice(2) }, 'b');

      expect((await run(world(), 1)).filter(({ queued }) => queued)).toHaveLength(4);

      expect([await jobOf(world(), 'a'), await jobOf(world(), 'b')]).toMatchObject([
        { queued: 2 },
        { queued: 2 },
      ]);
    });

    it('starts so many at a time for one app, and leaves room for the others', async () => {
      const { ports, app, clock } = world();
      for (let n = 0; n < many; n += 1) await start(world(), everything(world()), `job ${n}`);
      const more = { id: 'more', app: app.no, selection: named(1), createdAt: clock.now() };

      expect(await ports.redeliveries.start(more)).toBe('tooMany');

      expect(await jobOf(world(), 'more')).toBeUndefined();
      expect(await startTheirs('theirs')).toMatchObject({ id: 'theirs' });
      await step();
      expect(await ports.redeliveries.start(more)).toMatchObject({ id: 'more', queued: 0 });
      expect(await ports.redeliveries.start({ ...more, id: 'one more' })).toBe('tooMany');
    });

    it('race, start and start: no more are started than may run', async () => {
      const { ports, app, clock } = world();
      for (let n = 1; n < many; n += 1) await start(world(), named(1), `job ${n}`);
      const job = { app: app.no, selection: named(1), createdAt: clock.now() };

      const started = await Promise.all(
        ['a', 'b', 'c'].map((id) => ports.redeliveries.start({ ...job, id })),
      );

      expect(started.filter((each) => each === 'tooMany')).toHaveLength(2);
      expect(await running()).toHaveLength(many);
    });

    it('is forgotten when it was finished before an instant, a few at a time', async () => {
      const { ports, clock } = world();
      for (let n = 0; n < 3; n += 1) await start(world(), named(1), `old ${n}`);
      await run(world(), 10);
      clock.advance(1000);
      const before = clock.now();
      await start(world(), named(1), 'young');
      await run(world(), 10);
      await start(world(), named(1), 'running');
      const forget = (limit: number) => ports.finishedDeliveries.forget(before, limit);

      expect([await forget(2), await forget(2), await forget(2)]).toEqual([2, 1, 0]);

      expect(await jobOf(world(), 'old 0')).toBeUndefined();
      const { entities } = await ports.redeliveries.page({ app: world().app.no, limit: 10 });
      expect(entities.map(({ id }) => id).toSorted()).toEqual(['running', 'young']);
      await run(world(), 10);
      expect(await running()).toEqual([]);
    });
  });
}
