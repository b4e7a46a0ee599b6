import { beforeEach, describe, expect, it } from 'vitest';
import { messageStream, pairTimeline } from '../../kernel/stream.js';
import { attemptSample, idAt, ruleSample, sampleInstant } from '../samples.js';
import { recalledEvent, sentEvent, unitOf } from '../units.js';
import type { World } from '../world.js';
import { claim, claimOne, dueAt, endOne, leaseMs, recallOne, settleAs, stateOf } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Due deliveries: leases that end by themselves, and who may say how an attempt ended. */
export function describeDeliveryQueue(name: string, harness: StorageHarness): void {
  describe(`DeliveryQueue: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describe('due', () => describeDue(world));
    describe('claim', () => describeClaims(world));
    describe('extend', () => describeLeases(world));
    describe('settle', () => describeSettling(world));
  });
}

function describeDue(world: () => World): void {
  it('knows no rule that has nothing to send', async () => {
    expect(await world().ports.deliveries.due()).toEqual([]);
    await endOne(world(), 'accepted');
    await endOne(world(), 'dead');

    expect(await world().ports.deliveries.due()).toEqual([]);
  });

  it('tells of each rule when its first attempt may be made, also in another app', async () => {
    const { ports, app, clock } = world();
    await ports.rules.create(ruleSample(app.no, 'r2'));
    const first = await recallOne(world());
    const id = await claimOne(world());
    const later = { status: 'waiting', attempts: 1, dueAt: first + 5000 } as const;
    await ports.deliveries.settle([{ id, owner: 'a', state: later, attempt: attemptSample() }], clock.now());

    expect([await dueAt(world(), 'r1'), await dueAt(world(), 'r2')]).toEqual([first + 5000, first]);
    expect(await ports.deliveries.due()).toHaveLength(2);

    await recallOne(world());
    expect(await dueAt(world(), 'r1')).toBe(clock.now());
  });

  it('tells when a lease ends', async () => {
    const at = await recallOne(world());
    await claimOne(world());

    expect(await dueAt(world())).toBe(at + leaseMs);
  });
}

function describeClaims(world: () => World): void {
  it('hands out a due delivery with all that its request needs', async () => {
    const { ports, app, send, recall, clock } = world();
    const outcome = await recall(await send());
    const at = clock.now();
    const rule = await ports.rules.find(app.no, 'r1');

    expect(await claim(world(), 'a', at - 1)).toEqual([]);
    const claimed = await claim(world(), 'a', at);

    expect(claimed).toEqual([
      {
        id: expect.any(String),
        app,
        rule,
        events: outcome.ok ? outcome.events : [],
        state: { status: 'leased', attempts: 0, owner: 'a', leaseUntil: at + leaseMs },
      },
    ]);
  });

  it('tells several events in one delivery, in the order in which they were planned', async () => {
    const { ports, app } = world();
    const [m1, m2] = [idAt(sampleInstant, 1), idAt(sampleInstant, 2)];
    const timeline = pairTimeline('u1', 'u2');
    const events = [sentEvent({ msgId: m1 }), recalledEvent({ msgId: m1 })];
    const unit = unitOf(app.no, messageStream(m1), 0, events, {
      timeline,
      deliveries: [{ rule: { id: 'r1', version: 1 }, events: [1, 2], orderKey: null }],
    });
    const second = recalledEvent({ msgId: m2, recallId: idAt(sampleInstant, 9) });
    const append = { stream: messageStream(m2), expected: 0, events: [second], timeline };

    const committed = await ports.commands.commit([{ ...unit, appends: [...unit.appends, append] }]);

    const [claimed] = await claim(world(), 'a', sampleInstant + 60_000);
    expect(claimed?.events).toEqual(committed.ok && committed.recorded.flat().slice(1));
  });

  it('hands out the oldest due first, no more than asked for', async () => {
    await recallOne(world());
    await recallOne(world());
    const at = await recallOne(world());

    const first = await claim(world(), 'a', at, 2);
    const rest = await claim(world(), 'a', at, 2);

    const positions = [...first, ...rest].map(({ events }) => events[0]?.position ?? 0);
    expect([first.length, rest.length]).toEqual([2, 1]);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it('goes by when they are due, not by when they were planned', async () => {
    const { ports } = world();
    await recallOne(world());
    const at = await recallOne(world());
    const id = await claimOne(world());
    const state = { status: 'waiting', attempts: 1, dueAt: at + 1 } as const;
    await ports.deliveries.settle([{ id, owner: 'a', state, attempt: attemptSample({ status: 500 }) }], at);

    const order = [await claimOne(world(), at + 1), await claimOne(world(), at + 1)];

    expect(order[1]).toBe(id);
    expect(order[0]).not.toBe(id);
  });

  it('takes of each rule what was asked for it, and nothing of the others', async () => {
    const { ports, app } = world();
    for (const id of ['r2', 'r3']) await ports.rules.create(ruleSample(app.no, id));
    for (let n = 0; n < 3; n += 1) await recallOne(world());
    const now = world().clock.now();
    const rules = [
      { ruleId: 'r1', max: 1 },
      { ruleId: 'r2', max: 2 },
      { ruleId: 'unknown', max: 3 },
    ];

    const claimed = await ports.deliveries.claim({ rules, owner: 'a', now, leaseMs });

    expect(claimed.map(({ rule }) => rule.id).toSorted()).toEqual(['r1', 'r2', 'r2']);
    expect(await ports.deliveries.claim({ rules: [], owner: 'a', now, leaseMs })).toEqual([]);
    expect(await claim(world(), 'a', now, 10, ['r3'])).toHaveLength(3);
  });

  it('race, claim and claim: a delivery is in one worker’s hands', async () => {
    for (let n = 0; n < 10; n += 1) await recallOne(world());
    const now = world().clock.now();

    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => claim(world(), owner, now, 5)));

    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set([...ids, ...(await claim(world(), 'd', now)).map(({ id }) => id)]).size).toBe(10);
  });
}

function describeLeases(world: () => World): void {
  it('hands a delivery to somebody else when its lease ran out, with nothing counted', async () => {
    const at = await recallOne(world());
    const id = await claimOne(world());

    expect(await claim(world(), 'b', at + leaseMs - 1)).toEqual([]);
    const [taken] = await claim(world(), 'b', at + leaseMs);

    expect(taken?.id).toBe(id);
    expect(taken?.state).toMatchObject({ owner: 'b', attempts: 0 });
  });

  it('holds a lease for longer, for its owner only', async () => {
    const { ports } = world();
    const at = await recallOne(world());
    const id = await claimOne(world());

    expect(await ports.deliveries.extend([id, 'unknown'], 'a', at + 50_000)).toEqual([id]);
    expect(await ports.deliveries.extend([id], 'b', at + 90_000)).toEqual([]);

    expect(await claim(world(), 'b', at + 49_999)).toEqual([]);
    expect(await claim(world(), 'b', at + 50_000)).toHaveLength(1);
    expect(await ports.deliveries.extend([id], 'a', at + 90_000)).toEqual([]);
  });
}

function describeSettling(world: () => World): void {
  it('ends a delivery that was accepted', async () => {
    const at = await recallOne(world());
    const id = await claimOne(world());

    const settlement = await settleAs(world(), id, 'accepted');

    expect(settlement).toEqual({ released: false, healthChanged: false });
    expect(await stateOf(world(), id)).toEqual({ status: 'delivered', attempts: 1 });
    expect(await claim(world(), 'a', at + 1e9)).toEqual([]);
  });

  it('waits with one that was refused until its next attempt is due', async () => {
    const { ports } = world();
    const at = await recallOne(world());
    const id = await claimOne(world());
    const state = { status: 'waiting', attempts: 1, dueAt: at + 1000 } as const;

    await ports.deliveries.settle([{ id, owner: 'a', state, attempt: attemptSample({ status: 500 }) }], at);

    expect(await dueAt(world())).toBe(at + 1000);
    expect(await claim(world(), 'a', at + 999)).toEqual([]);
    expect((await claim(world(), 'b', at + 1000))[0]?.state).toMatchObject({ attempts: 1, owner: 'b' });
  });

  it('settles many at once, and keeps a dead one out of the way', async () => {
    const { ports } = world();
    await recallOne(world());
    const at = await recallOne(world());
    const [first, second] = await claim(world(), 'a', at);
    const waiting = { status: 'waiting', attempts: 0, dueAt: at } as const;

    await ports.deliveries.settle(
      [
        { id: first?.id ?? '', owner: 'a', state: { status: 'dead', attempts: 13 } },
        { id: second?.id ?? '', owner: 'a', state: waiting },
      ],
      at,
    );

    expect((await claim(world(), 'a', at)).map(({ id }) => id)).toEqual([second?.id]);
    expect(await stateOf(world(), first?.id ?? '')).toEqual({ status: 'dead', attempts: 13 });
  });

  it('lost lease does not settle, and leaves no attempt', async () => {
    const { ports, app, clock } = world();
    const at = await recallOne(world());
    const id = await claimOne(world());
    await claim(world(), 'b', at + leaseMs);

    await settleAs(world(), id, 'dead');
    const underB = await stateOf(world(), id);
    const delivered = { status: 'delivered', attempts: 1 } as const;
    await ports.deliveries.settle([{ id, owner: 'b', state: delivered }], clock.now());
    await settleAs(world(), id, 'dead');

    expect(underB).toMatchObject({ status: 'leased', owner: 'b' });
    const found = await ports.deliveryReader.find(app.no, id);
    expect(found?.delivery.state).toEqual(delivered);
    expect(found?.attempts).toEqual([]);
  });

  it('settles a lease that ran out as long as nobody else took it', async () => {
    await recallOne(world());
    const id = await claimOne(world());
    world().clock.advance(10 * leaseMs);

    await settleAs(world(), id, 'accepted');

    expect(await stateOf(world(), id)).toEqual({ status: 'delivered', attempts: 1 });
  });

  it('race, settle and claim: a lease that ran out is settled by its owner or taken over, not both', async () => {
    for (let n = 0; n < 5; n += 1) {
      const at = await recallOne(world());
      const id = await claimOne(world());

      const [taken] = await Promise.all([
        claim(world(), 'b', at + leaseMs, 1),
        settleAs(world(), id, 'accepted', at + leaseMs),
      ]);

      const state = await stateOf(world(), id);
      if (taken.length === 0) expect(state).toEqual({ status: 'delivered', attempts: 1 });
      else expect(state).toMatchObject({ status: 'leased', owner: 'b' });
    }
  });
}
