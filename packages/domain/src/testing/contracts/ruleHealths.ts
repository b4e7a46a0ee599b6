import { beforeEach, describe, expect, it } from 'vitest';
import { probeDelaysMs } from '../../callback/suspension.js';
import { limits } from '../../limits.js';
import type { SettledDelivery } from '../../ports/deliveryQueue.js';
import { attemptSample, ruleSample } from '../samples.js';
import type { World } from '../world.js';
import {
  claim,
  claimOne,
  dueAt,
  endOne,
  healthOf,
  leaseMs,
  plannedIds,
  recallOne,
  settleAs,
  suspendRule,
} from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const [firstProbeMs = 0, secondProbeMs = 0] = probeDelaysMs;

/** How receivers are doing: suspended when nothing succeeds, probed, and healthy again. */
export function describeRuleHealths(name: string, harness: StorageHarness): void {
  describe(`RuleHealths: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describe('what attempts do to health', () => describeObserved(world));
    describe('a suspended rule', () => describeProbes(world));
  });
}

function describeObserved(world: () => World): void {
  it('is healthy as long as nothing failed, of every rule of the app', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'off', { enabled: false }));
    await ports.rules.create(ruleSample(app.no, 'gone'));
    await ports.rules.remove(app.no, 'gone');
    await endOne(world(), 'accepted');

    const healthy = { status: 'healthy' };
    expect(await ports.ruleHealths.ofApp(app.no)).toEqual(
      new Map([
        ['r1', healthy],
        ['off', healthy],
      ]),
    );
    expect(await ports.ruleHealths.ofApp(app.no + 1)).toEqual(new Map());
  });

  it('fails from the first attempt that was refused, and a success ends it', async () => {
    const { clock } = world();
    const since = await recallOne(world());
    await settleAs(world(), await claimOne(world()), 'refused');
    clock.advance(limits.suspendAfterMs - 1);
    const settlement = await settleAs(world(), await claimOne(world()), 'refused');

    expect(settlement.healthChanged).toBe(false);
    expect(await healthOf(world())).toEqual({ status: 'failing', since });
    expect((await settleAs(world(), await claimOne(world()), 'accepted')).healthChanged).toBe(false);
    expect(await healthOf(world())).toEqual({ status: 'healthy' });
  });

  it('is suspended when nothing has succeeded for ten minutes, and only that rule', async () => {
    const { ports, app, clock } = world();
    await ports.rules.create(ruleSample(app.no, 'r2'));
    const since = await recallOne(world());

    const settlement = await suspendRule(world());

    expect(settlement.healthChanged).toBe(true);
    const probeAt = clock.now() + firstProbeMs;
    expect(await healthOf(world())).toEqual({ status: 'suspended', since, probes: 0, probeAt });
    expect(await healthOf(world(), 'r2')).toEqual({ status: 'healthy' });
    expect(await dueAt(world(), 'r2')).toBe(since);
  });

  it('counts one that ends as dead as a failure', async () => {
    await endOne(world(), 'dead');

    expect(await healthOf(world())).toMatchObject({ status: 'failing' });
  });

  it('learns nothing from an attempt that was cut off, or from a lease that was lost', async () => {
    const { ports, clock } = world();
    await recallOne(world());
    await settleAs(world(), await claimOne(world()), 'cut');
    const id = await claimOne(world());
    clock.advance(leaseMs);
    await claim(world(), 'b', clock.now());
    await settleAs(world(), id, 'refused');

    expect(await healthOf(world())).toEqual({ status: 'healthy' });
    expect(await ports.ruleHealths.untold(10)).toEqual([]);
  });

  it.each([
    { statuses: [200, 500], after: 'failing' },
    { statuses: [500, 200], after: 'healthy' },
  ] as const)('takes the attempts of one settling in their order: $statuses', async ({ statuses, after }) => {
    const { ports, app, clock } = world();
    await recallOne(world());
    await recallOne(world());
    await suspendRule(world());
    const now = clock.now();
    const settled: SettledDelivery[] = [];
    for (const status of statuses) {
      await ports.ruleHealths.probeNow(app.no, 'r1', now);
      const id = await claimOne(world());
      const state =
        status === 200
          ? ({ status: 'delivered', attempts: 1 } as const)
          : ({ status: 'waiting', attempts: 1, dueAt: now } as const);
      settled.push({ id, owner: 'a', state, attempt: attemptSample({ status }) });
    }

    expect(await ports.deliveries.settle(settled, now)).toMatchObject({ healthChanged: true });

    expect((await healthOf(world()))?.status).toBe(after);
  });
}

function describeProbes(world: () => World): void {
  beforeEach(async () => {
    for (let n = 0; n < 4; n += 1) await recallOne(world());
    await suspendRule(world());
  });

  it('is due when its first probe is, and sends one', async () => {
    const { clock } = world();
    const probeAt = clock.now() + firstProbeMs;

    expect(await dueAt(world())).toBe(probeAt);
    expect(await claim(world(), 'a', probeAt - 1)).toEqual([]);
    expect(await claim(world(), 'a', probeAt)).toHaveLength(1);
    expect(await claim(world(), 'b', probeAt)).toEqual([]);
  });

  it('waits for the next probe once one was handed out, also when its worker is gone', async () => {
    const { clock } = world();
    clock.advance(firstProbeMs);
    const at = clock.now();
    await claimOne(world());

    expect(await healthOf(world())).toMatchObject({ probes: 1, probeAt: at + secondProbeMs });
    expect(await dueAt(world())).toBe(at + secondProbeMs);
    expect(await claim(world(), 'b', at + leaseMs)).toEqual([]);
    expect(await claim(world(), 'b', at + secondProbeMs)).toHaveLength(1);
  });

  it.each(['probed', 'probed twice'])('makes a probe that was cut off again at once (%s)', async (times) => {
    const { clock } = world();
    clock.advance(firstProbeMs);
    if (times === 'probed twice') {
      await settleAs(world(), await claimOne(world()), 'refused');
      clock.advance(secondProbeMs);
    }
    const before = await healthOf(world());
    const id = await claimOne(world());
    clock.advance(5000);

    expect(await settleAs(world(), id, 'cut')).toEqual({ released: false, healthChanged: false });

    expect(await healthOf(world())).toEqual({ ...before, probeAt: clock.now() });
    expect(await dueAt(world())).toBe(clock.now());
    expect(await claim(world(), 'b', clock.now())).toHaveLength(1);
    expect(await claim(world(), 'c', clock.now())).toEqual([]);
  });

  it('is not probed because one was cut off that was sent before', async () => {
    const { ports, app, clock } = world();
    await ports.ruleHealths.probeNow(app.no, 'r1', clock.now());
    await settleAs(world(), await claimOne(world()), 'accepted');
    const [early = '', ...rest] = (await claim(world(), 'a', clock.now())).map(({ id }) => id);
    for (const id of rest) await settleAs(world(), id, 'refused');
    await suspendRule(world());
    const before = await healthOf(world());
    expect(before).toMatchObject({ status: 'suspended', probes: 0 });

    await settleAs(world(), early, 'cut');

    expect(await healthOf(world())).toEqual(before);
    expect(await claim(world(), 'b', clock.now())).toEqual([]);
  });

  it('is probed with what became due last: what somebody tests, or sends again', async () => {
    const { ports, app, clock } = world();
    const [oldest = ''] = await plannedIds(world());
    clock.advance(1000);
    await recallOne(world());
    const tested = (await plannedIds(world())).at(-1);
    await ports.ruleHealths.probeNow(app.no, 'r1', clock.now());
    const probe = await claimOne(world());
    expect(probe).toBe(tested);
    const state = { status: 'waiting', attempts: 1, dueAt: clock.now() + 1000 } as const;
    const attempt = attemptSample({ status: 500 });
    await ports.deliveries.settle([{ id: probe, owner: 'a', state, attempt }], clock.now());

    expect(await ports.redeliveries.one(app.no, oldest, clock.now())).toBe('queued');
    await ports.ruleHealths.probeNow(app.no, 'r1', clock.now());
    expect(await claimOne(world())).toBe(oldest);
  });

  it('makes no probe when nothing is due', async () => {
    const { ports, clock } = world();
    const probeAt = clock.now() + firstProbeMs;
    for (let left = 4; left > 0; left -= 1) {
      await ports.ruleHealths.probeNow(world().app.no, 'r1', clock.now());
      const id = await claimOne(world());
      const state = { status: 'waiting', attempts: 1, dueAt: clock.now() + 1e9 } as const;
      await ports.deliveries.settle([{ id, owner: 'a', state }], clock.now());
    }
    const before = await healthOf(world());

    expect(await claim(world(), 'a', probeAt + 1e6)).toEqual([]);
    expect(await healthOf(world())).toEqual(before);
  });

  it('stays suspended while probes fail', async () => {
    const { clock } = world();
    clock.advance(firstProbeMs);
    const id = await claimOne(world());

    expect(await settleAs(world(), id, 'refused')).toEqual({ released: false, healthChanged: false });

    expect(await healthOf(world())).toMatchObject({ status: 'suspended', probes: 1 });
    expect(await claim(world(), 'a', clock.now())).toEqual([]);
  });

  it('sends everything that waited after one probe that was accepted', async () => {
    const { clock } = world();
    clock.advance(firstProbeMs);

    const settlement = await settleAs(world(), await claimOne(world()), 'accepted');

    expect(settlement.healthChanged).toBe(true);
    expect(await healthOf(world())).toEqual({ status: 'healthy' });
    expect(await claim(world(), 'a', clock.now())).toHaveLength(3);
  });

  it('is resumed by an attempt that was in hand when it was suspended', async () => {
    const { clock } = world();
    await world().ports.ruleHealths.probeNow(world().app.no, 'r1', clock.now());
    const inHand = await claimOne(world());

    expect(await settleAs(world(), inHand, 'accepted')).toMatchObject({ healthChanged: true });
  });

  it('race, claim and claim: several workers together make one probe', async () => {
    const { clock } = world();
    clock.advance(firstProbeMs);

    const claims = await Promise.all(
      ['a', 'b', 'c', 'd'].map((owner) => claim(world(), owner, clock.now(), 2)),
    );

    expect(claims.flat()).toHaveLength(1);
    expect(await healthOf(world())).toMatchObject({ probes: 1 });
  });

  it('may be probed at once when somebody asks, in its own app', async () => {
    const { ports, app, clock } = world();
    await ports.ruleHealths.probeNow(app.no + 1, 'r1', clock.now());
    expect(await claim(world(), 'a', clock.now())).toEqual([]);

    await ports.ruleHealths.probeNow(app.no, 'r1', clock.now());

    expect(await dueAt(world())).toBe(clock.now());
    expect(await claim(world(), 'a', clock.now())).toHaveLength(1);
    expect(await claim(world(), 'a', clock.now())).toEqual([]);
  });

  it('asking for a probe changes no rule that is not suspended', async () => {
    const { ports, app, clock } = world();
    await ports.rules.create(ruleSample(app.no, 'r2'));
    await ports.ruleHealths.probeNow(app.no, 'r2', clock.now());

    expect(await healthOf(world(), 'r2')).toEqual({ status: 'healthy' });
  });
}
