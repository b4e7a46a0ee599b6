import { assert } from '../../kernel/assert.js';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../callback/delivery.js';
import { messageStream, pairTimeline } from '../../kernel/stream.js';
import type { Attempt, ClaimedDelivery } from '../../ports/deliveryQueue.js';
import { idAt, ruleSample, sampleInstant } from '../samples.js';
import type { World } from '../world.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { recalledEvent, sentEvent, unitOf } from '../units.js';

const leaseMs = 20_000;

/** Claims as one worker, at an instant. */
function claim({ ports }: World, owner: string, now: number, max = 10): Promise<readonly ClaimedDelivery[]> {
  return ports.deliveries.claim({ max, owner, now, leaseMs });
}

function attemptSample(change: Partial<Attempt> = {}): Attempt {
  return { requestedAt: sampleInstant, tookMs: 12, status: 200, error: null, answerHead: 'ok', ...change };
}

async function stateOf({ ports, app }: World, id: string): Promise<DeliveryState | undefined> {
  return (await ports.deliveryReader.find(app.no, id))?.delivery.state;
}

/** Recalls a new message, which makes one delivery per rule; answers when they are due. */
async function recallOne({ send, recall, clock }: World): Promise<number> {
  await recall(await send());
  return clock.now();
}

/** Due deliveries: leases that end by themselves, and who may say how an attempt ended. */
export function describeDeliveryQueue(name: string, harness: StorageHarness): void {
  describe(`DeliveryQueue: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describeClaims(world);
    describeSettling(world);
    describeRedelivery(world);
  });
}

function describeClaims(world: () => World): void {
  it('hands out a due delivery with all that its request needs', async () => {
    const { ports, app, send, recall } = world();
    const msgId = await send();
    const outcome = await recall(msgId);
    const dueAt = world().clock.now();
    const rule = await ports.rules.find(app.no, 'r1');

    expect(await ports.deliveries.nextDueAt()).toBe(dueAt);
    expect(await claim(world(), 'a', dueAt - 1)).toEqual([]);
    const claimed = await claim(world(), 'a', dueAt);

    expect(claimed).toEqual([
      {
        id: expect.any(String),
        app,
        rule,
        events: outcome.ok ? outcome.events : [],
        state: { status: 'leased', attempts: 0, owner: 'a', leaseUntil: dueAt + leaseMs },
      },
    ]);
  });

  it('keeps the rule as it was when the delivery was planned', async () => {
    const { ports, app } = world();
    const planned = await ports.rules.find(app.no, 'r1');
    const dueAt = await recallOne(world());
    await ports.rules.change(app.no, 'r1', { url: 'https://new.example.com/', sealedSecret: null });

    const [claimed] = await claim(world(), 'a', dueAt);

    expect(claimed?.rule).toEqual(planned);
  });

  it('tells several events in one delivery, in the order in which they were planned', async () => {
    const { ports, app } = world();
    const [m1, m2] = [idAt(sampleInstant, 1), idAt(sampleInstant, 2)];
    const timeline = pairTimeline('u1', 'u2');
    const unit = unitOf(
      app.no,
      messageStream(m1),
      0,
      [sentEvent({ msgId: m1 }), recalledEvent({ msgId: m1 })],
      {
        timeline,
        deliveries: [{ rule: { id: 'r1', version: 1 }, events: [1, 2], orderKey: timeline }],
      },
    );
    const second = recalledEvent({ msgId: m2, recallId: idAt(sampleInstant, 9) });
    const append = { stream: messageStream(m2), expected: 0, events: [second], timeline };

    const committed = await ports.commands.commit([{ ...unit, appends: [...unit.appends, append] }]);

    const [claimed] = await claim(world(), 'a', sampleInstant + 60_000);
    expect(claimed?.events).toEqual(committed.ok && committed.recorded.flat().slice(1));
  });

  it('hands out the oldest due first, no more than asked for', async () => {
    await recallOne(world());
    await recallOne(world());
    const dueAt = await recallOne(world());

    const first = await claim(world(), 'a', dueAt, 2);
    const rest = await claim(world(), 'a', dueAt, 2);

    const positions = [...first, ...rest].map(({ events }) => events[0]?.position ?? 0);
    expect([first.length, rest.length]).toEqual([2, 1]);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it('race, claim and claim: a delivery is in one worker’s hands', async () => {
    for (let n = 0; n < 10; n += 1) await recallOne(world());
    const now = world().clock.now();

    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => claim(world(), owner, now, 5)));

    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set([...ids, ...(await claim(world(), 'd', now)).map(({ id }) => id)]).size).toBe(10);
  });

  it('hands a delivery to somebody else when its lease ran out, with nothing counted', async () => {
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);

    expect(await world().ports.deliveries.nextDueAt()).toBe(dueAt + leaseMs);
    expect(await claim(world(), 'b', dueAt + leaseMs - 1)).toEqual([]);
    const [taken] = await claim(world(), 'b', dueAt + leaseMs);

    expect(taken?.id).toBe(held?.id);
    expect(taken?.state).toMatchObject({ owner: 'b', attempts: 0 });
  });

  it('holds a lease for longer, for its owner only', async () => {
    const { ports } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';

    expect(await ports.deliveries.extend([id, 'unknown'], 'a', dueAt + 50_000)).toEqual([id]);
    expect(await ports.deliveries.extend([id], 'b', dueAt + 90_000)).toEqual([]);

    expect(await claim(world(), 'b', dueAt + 49_999)).toEqual([]);
    expect(await claim(world(), 'b', dueAt + 50_000)).toHaveLength(1);
    expect(await ports.deliveries.extend([id], 'a', dueAt + 90_000)).toEqual([]);
  });
}

function describeSettling(world: () => World): void {
  it('ends a delivery that was accepted', async () => {
    const { ports } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';

    await ports.deliveries.settle([
      { id, owner: 'a', state: { status: 'delivered', attempts: 1 }, attempt: attemptSample() },
    ]);

    expect(await stateOf(world(), id)).toEqual({ status: 'delivered', attempts: 1 });
    expect(await ports.deliveries.nextDueAt()).toBeUndefined();
    expect(await claim(world(), 'a', dueAt + 1e9)).toEqual([]);
  });

  it('waits with one that was refused until its next attempt is due', async () => {
    const { ports } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';
    const state = { status: 'waiting', attempts: 1, dueAt: dueAt + 1000 } as const;

    await ports.deliveries.settle([{ id, owner: 'a', state, attempt: attemptSample({ status: 500 }) }]);

    expect(await ports.deliveries.nextDueAt()).toBe(dueAt + 1000);
    expect(await claim(world(), 'a', dueAt + 999)).toEqual([]);
    expect((await claim(world(), 'b', dueAt + 1000))[0]?.state).toMatchObject({ attempts: 1, owner: 'b' });
  });

  it('settles many at once, and keeps a dead one out of the way', async () => {
    const { ports } = world();
    await recallOne(world());
    const dueAt = await recallOne(world());
    const [first, second] = await claim(world(), 'a', dueAt);

    await ports.deliveries.settle([
      { id: first?.id ?? '', owner: 'a', state: { status: 'dead', attempts: 13 } },
      { id: second?.id ?? '', owner: 'a', state: { status: 'waiting', attempts: 0, dueAt } },
    ]);

    expect((await claim(world(), 'a', dueAt)).map(({ id }) => id)).toEqual([second?.id]);
    expect(await stateOf(world(), first?.id ?? '')).toEqual({ status: 'dead', attempts: 13 });
  });

  it('lost lease does not settle, and leaves no attempt', async () => {
    const { ports, app } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';
    await claim(world(), 'b', dueAt + leaseMs);
    const late = {
      id,
      owner: 'a',
      state: { status: 'dead', attempts: 1 },
      attempt: attemptSample(),
    } as const;

    await ports.deliveries.settle([late]);
    const underB = await stateOf(world(), id);
    await ports.deliveries.settle([{ id, owner: 'b', state: { status: 'delivered', attempts: 1 } }]);
    await ports.deliveries.settle([late]);

    expect(underB).toMatchObject({ status: 'leased', owner: 'b' });
    const found = await ports.deliveryReader.find(app.no, id);
    expect(found?.delivery.state).toEqual({ status: 'delivered', attempts: 1 });
    expect(found?.attempts).toEqual([]);
  });

  it('settles a lease that ran out as long as nobody else took it', async () => {
    const { ports } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';
    world().clock.advance(10 * leaseMs);

    await ports.deliveries.settle([{ id, owner: 'a', state: { status: 'delivered', attempts: 1 } }]);

    expect(await stateOf(world(), id)).toEqual({ status: 'delivered', attempts: 1 });
  });

  it('ends a removed rule’s open deliveries as dead, also those in a worker’s hands', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'r2'));
    await recallOne(world());
    const dueAt = await recallOne(world());
    const open = await claim(world(), 'a', dueAt, 10);
    const [done, leased, ...others] = open.filter(({ rule }) => rule.id === 'r1');
    const delivered = { status: 'delivered', attempts: 1 } as const;
    await ports.deliveries.settle([{ id: done?.id ?? '', owner: 'a', state: delivered }]);
    expect(others).toEqual([]);

    await ports.rules.remove(app.no, 'r1');
    await ports.deliveries.settle([{ id: leased?.id ?? '', owner: 'a', state: delivered }]);

    expect(await stateOf(world(), done?.id ?? '')).toEqual(delivered);
    expect(await stateOf(world(), leased?.id ?? '')).toMatchObject({ status: 'dead' });
    const rest = await claim(world(), 'b', dueAt + leaseMs);
    expect(rest.map(({ rule }) => rule.id)).toEqual(['r2', 'r2']);
  });
}

function describeRedelivery(world: () => World): void {
  it.each([
    { status: 'delivered', attempts: 3 },
    { status: 'dead', attempts: 13 },
    { status: 'waiting', attempts: 5, dueAt: sampleInstant * 2 },
  ] as const)('queues one that is $status again, under its id, with the whole schedule', async (state) => {
    const { ports, app } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';
    await ports.deliveries.settle([{ id, owner: 'a', state, attempt: attemptSample() }]);
    const now = dueAt + 5000;

    expect(await ports.deliveries.redeliver(app.no, id, now)).toBe('queued');

    expect(await stateOf(world(), id)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
    expect((await claim(world(), 'a', now)).map((delivery) => delivery.id)).toEqual([id]);
    expect((await ports.deliveryReader.find(app.no, id))?.attempts).toHaveLength(1);
  });

  it('goes to where the rule points now, unless the rule has changed its dialect', async () => {
    const { ports, app } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const { id = '', rule } = held ?? {};
    assert(rule !== undefined, 'the recall made a delivery');
    const dead = { id, owner: 'a', state: { status: 'dead', attempts: 13 } } as const;
    await ports.deliveries.settle([dead]);
    const ruleOf = async () => (await ports.deliveryReader.find(app.no, id))?.delivery.rule;

    await ports.rules.change(app.no, rule.id, { url: 'https://corrected.example/' });
    expect((await ruleOf())?.url).toBe(rule.url);
    await ports.deliveries.redeliver(app.no, id, dueAt);
    expect((await ruleOf())?.url).toBe('https://corrected.example/');

    const other = rule.dialect === 'easemob' ? 'tencent' : 'easemob';
    await ports.rules.change(app.no, rule.id, { dialect: other, url: 'https://other.example/' });
    await ports.deliveries.redeliver(app.no, id, dueAt);
    expect(await ruleOf()).toMatchObject({ url: 'https://corrected.example/', dialect: rule.dialect });
  });

  it('does not queue what is underway, unknown, or another app’s', async () => {
    const { ports, app } = world();
    const dueAt = await recallOne(world());
    const [held] = await claim(world(), 'a', dueAt);
    const id = held?.id ?? '';

    expect(await ports.deliveries.redeliver(app.no, id, dueAt)).toBe('underway');
    expect(await ports.deliveries.redeliver(app.no, 'unknown', dueAt)).toBe('unknown');
    expect(await ports.deliveries.redeliver(app.no + 1, id, dueAt)).toBe('unknown');
    expect(await stateOf(world(), id)).toMatchObject({ status: 'leased', owner: 'a' });
  });
}
