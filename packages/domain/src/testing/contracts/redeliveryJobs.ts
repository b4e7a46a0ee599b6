import { beforeEach, describe, expect, it } from 'vitest';
import { appSample, ruleSample } from '../samples.js';
import type { World } from '../world.js';
import {
  claim,
  claimOne,
  endMany,
  endOne,
  plannedIds,
  recallOne,
  settleAs,
  stateOf,
  waitingIds,
} from './deliverySupport.js';
import { everything, jobOf, run, start } from './redeliverySupport.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Many deliveries sent again as durable jobs. */
export function describeRedeliveryJobs(name: string, harness: StorageHarness): void {
  describe(`Redeliveries, jobs: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describe('named', () => describeNamed(world));
    describe('created', () => describeCreated(world));
    describe('steps', () => describeSteps(world));
    describe('listing', () => describeListing(world));
  });
}

function describeNamed(world: () => World): void {
  it('queues what it names, in whatever state but in hand, each once', async () => {
    const { clock } = world();
    const [dead = '', delivered = '', other = ''] = await endMany(world(), 3);
    await recallOne(world());
    const held = await claimOne(world());
    await recallOne(world());
    const open = (await plannedIds(world())).at(-1) ?? '';
    await start(world(), { kind: 'named', ids: [dead, held, delivered, 'unknown', dead, open] });

    await run(world(), 10);

    expect(await waitingIds(world())).toEqual([dead, delivered, open]);
    expect(await stateOf(world(), held)).toMatchObject({ status: 'leased' });
    expect(await stateOf(world(), other)).toMatchObject({ status: 'dead' });
    expect(await jobOf(world())).toMatchObject({ queued: 3, finishedAt: clock.now() });
  });

  it('leaves another app’s alone, and those of removed rules', async () => {
    const { ports, app } = world();
    const [mine = ''] = await endMany(world(), 1);
    await ports.rules.create(ruleSample(app.no, 'gone'));
    const gone = await endOne(world(), 'dead', 'gone');
    await ports.rules.remove(app.no, 'gone');
    const other = await ports.apps.create(appSample({ name: 'other-app' }));
    const otherNo = typeof other === 'object' ? other.no : 0;
    const selection = { kind: 'named', ids: [mine, gone] } as const;
    await ports.redeliveries.start({ id: 'theirs', app: otherNo, selection, createdAt: 0 });

    await run(world(), 10);
    expect(await waitingIds(world())).not.toContain(mine);
    await start(world(), selection);
    await run(world(), 10);

    expect(await stateOf(world(), mine)).toMatchObject({ status: 'waiting' });
    expect(await stateOf(world(), gone)).toMatchObject({ status: 'dead' });
    expect(await jobOf(world())).toMatchObject({ queued: 1 });
    expect(await ports.redeliveries.find(otherNo, 'theirs')).toMatchObject({ queued: 0 });
  });

  it('is at an end at once when it names nothing that is there', async () => {
    await start(world(), { kind: 'named', ids: ['unknown'] });

    expect(await run(world(), 10)).toEqual([{ more: false, queued: false }]);
    expect(await jobOf(world())).toMatchObject({ queued: 0, finishedAt: world().clock.now() });
  });
}

function describeCreated(world: () => World): void {
  it('queues what is over of a time: from since on, before until', async () => {
    const { clock } = world();
    await endOne(world(), 'dead');
    const second = await endOne(world(), 'dead');
    const since = clock.now();
    const third = await endOne(world(), 'accepted');
    await endOne(world(), 'dead');
    const until = clock.now();
    await start(world(), everything(world(), { since, until }));

    await run(world(), 10);

    expect(await waitingIds(world())).toEqual([second, third]);
    expect(await jobOf(world())).toMatchObject({ queued: 2 });
  });

  it.each([
    { statuses: ['dead'], expected: [true, false] },
    { statuses: ['delivered'], expected: [false, true] },
    { statuses: ['delivered', 'dead'], expected: [true, true] },
  ] as const)('queues those that are $statuses', async ({ statuses, expected }) => {
    const ids = await endMany(world(), 2);
    await start(world(), everything(world(), { statuses }));

    await run(world(), 10);

    const queued = await waitingIds(world());
    expect(ids.map((id) => queued.includes(id))).toEqual(expected);
  });

  it('queues those of one rule, or of all', async () => {
    const { ports, app } = world();
    const ofR1 = await endOne(world(), 'dead');
    await ports.rules.create(ruleSample(app.no, 'r2'));
    const ofR2 = await endOne(world(), 'dead', 'r2');
    await settleAs(world(), await claimOne(world()), 'accepted');
    await start(world(), everything(world(), { ruleId: 'r2', statuses: ['dead'] }));
    await run(world(), 10);
    expect(await waitingIds(world())).toEqual([ofR2]);

    await start(world(), everything(world(), { statuses: ['dead'] }), 'all');
    await run(world(), 10);

    expect(await waitingIds(world())).toEqual([ofR1, ofR2]);
    expect(await jobOf(world(), 'all')).toMatchObject({ queued: 1 });
  });

  it('leaves what is open as it is, also what waits for a late attempt', async () => {
    const { ports, clock } = world();
    await recallOne(world());
    const id = await claimOne(world());
    const state = { status: 'waiting', attempts: 5, dueAt: clock.now() + 1e6 } as const;
    await ports.deliveries.settle([{ id, owner: 'a', state }], clock.now());
    await recallOne(world());
    const held = await claimOne(world());
    await start(world(), everything(world()));

    expect((await run(world(), 10)).some(({ queued }) => queued)).toBe(false);

    expect(await stateOf(world(), id)).toEqual(state);
    expect(await stateOf(world(), held)).toMatchObject({ status: 'leased' });
  });

  it('does not queue again what another app has, or a removed rule', async () => {
    const { ports, app, clock, send, recall } = world();
    const other = await ports.apps.create(appSample({ name: 'other-app' }));
    const otherNo = typeof other === 'object' ? other.no : 0;
    await ports.rules.create(ruleSample(otherNo, 'theirs'));
    await recall(await send({ app: otherNo }), { app: otherNo });
    const theirs = await claimOne(world(), clock.now(), 'theirs');
    await settleAs(world(), theirs, 'dead');
    await ports.rules.create(ruleSample(app.no, 'gone'));
    await endOne(world(), 'dead', 'gone');
    await ports.rules.remove(app.no, 'gone');
    await settleAs(world(), await claimOne(world()), 'accepted');
    await start(world(), everything(world(), { statuses: ['dead'] }));

    await run(world(), 10);

    expect(await waitingIds(world())).toEqual([]);
    expect((await ports.deliveryReader.find(otherNo, theirs))?.delivery.state.status).toBe('dead');
  });
}

function describeSteps(world: () => World): void {
  it('does nothing when there is nothing to do', async () => {
    await endMany(world(), 2);

    expect(await run(world(), 10)).toEqual([{ more: false, queued: false }]);
  });

  it('finishes a job over an empty selection', async () => {
    await start(world(), everything(world()));

    expect((await run(world(), 10)).some(({ queued }) => queued)).toBe(false);
    expect(await jobOf(world())).toMatchObject({ queued: 0, finishedAt: world().clock.now() });
  });

  it.each(['named', 'created'] as const)(
    'looks at so many in one step (%s), and queues each once',
    async (kind) => {
      const { ports, clock } = world();
      const ids = await endMany(world(), 7);
      await start(world(), kind === 'named' ? { kind, ids } : everything(world()));

      expect(await ports.redeliveries.step(clock.now(), 3)).toEqual({ more: true, queued: true });
      const first = await waitingIds(world());
      expect(first).toHaveLength(3);
      expect(await jobOf(world())).toMatchObject({ queued: 3, finishedAt: null });
      // What the first step queued is over again before the second: it is not queued a second time.
      for (const { id } of await claim(world(), 'a', clock.now())) await settleAs(world(), id, 'dead');
      await run(world(), 3);

      expect((await waitingIds(world())).toSorted()).toEqual(
        ids.filter((id) => !first.includes(id)).toSorted(),
      );
      expect(await jobOf(world())).toMatchObject({ queued: 7, finishedAt: clock.now() });
    },
  );

  it('takes no delivery that was planned after the job', async () => {
    const { ports, clock } = world();
    const ids = await endMany(world(), 4);
    await start(world(), everything(world()));
    const later = await endOne(world(), 'dead');
    await ports.redeliveries.step(clock.now(), 2);

    await run(world(), 2);

    expect(await waitingIds(world())).toEqual(ids);
    expect(await stateOf(world(), later)).toMatchObject({ status: 'dead' });
  });

  it('takes the oldest job first, and the others after it', async () => {
    const { clock, ports } = world();
    const [first = '', second = ''] = await endMany(world(), 2);
    await start(world(), { kind: 'named', ids: [first] }, 'old');
    clock.advance(1000);
    await start(world(), { kind: 'named', ids: [second] }, 'young');

    expect(await ports.redeliveries.step(clock.now(), 10)).toMatchObject({ more: true });
    expect(await waitingIds(world())).toEqual([first]);
    await run(world(), 10);

    expect(await waitingIds(world())).toEqual([first, second]);
    expect((await jobOf(world(), 'young'))?.finishedAt).toBe(clock.now());
    expect(await run(world(), 10)).toEqual([{ more: false, queued: false }]);
  });

  it('race, step and step: nodes that step at once queue each delivery once', async () => {
    const { ports, clock } = world();
    const ids = await endMany(world(), 9);
    await start(world(), everything(world()));

    await Promise.all([1, 2, 3].map(() => ports.redeliveries.step(clock.now(), 2)));
    await run(world(), 2);

    expect(await waitingIds(world())).toEqual(ids);
    expect(await jobOf(world())).toMatchObject({ queued: 9 });
  });
}

function describeListing(world: () => World): void {
  it('records a job that has queued nothing yet', async () => {
    const { app, clock, ports } = world();
    const [id = ''] = await endMany(world(), 1);
    const selection = everything(world(), { since: 5, until: 9, ruleId: 'r1', statuses: ['dead'] });

    const job = await start(world(), selection);

    const createdAt = clock.now();
    expect(job).toEqual({ id: 'job', app: app.no, selection, createdAt, queued: 0, finishedAt: null });
    expect(await jobOf(world())).toEqual(job);
    const named = await start(world(), { kind: 'named', ids: [id, 'ünknown "id"'] }, 'named');
    expect(await jobOf(world(), 'named')).toEqual(named);
    expect(await jobOf(world(), 'other')).toBeUndefined();
    expect(await ports.redeliveries.find(app.no + 1, 'job')).toBeUndefined();
    expect(await stateOf(world(), id)).toMatchObject({ status: 'dead' });
  });

  it('lists an app’s jobs, the newest first, page by page', async () => {
    const { app, clock, ports } = world();
    const other = await ports.apps.create(appSample({ name: 'other-app' }));
    const otherNo = typeof other === 'object' ? other.no : 0;
    for (let n = 0; n < 5; n += 1) {
      clock.advance(1000);
      await start(world(), everything(world()), `job ${n}`);
    }
    const theirs = { id: 'theirs', app: otherNo, selection: everything(world()), createdAt: clock.now() };
    await ports.redeliveries.start(theirs);

    const pages = await allPages((from) =>
      ports.redeliveries.page({ app: app.no, limit: 2, ...(from === undefined ? {} : { from }) }),
    );

    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([
      ['job 4', 'job 3'],
      ['job 2', 'job 1'],
      ['job 0'],
    ]);
    const { entities } = await ports.redeliveries.page({ app: otherNo, limit: 10 });
    expect(entities).toEqual([{ ...theirs, queued: 0, finishedAt: null }]);
  });
}
