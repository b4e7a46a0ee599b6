import { beforeEach, describe, expect, it } from 'vitest';
import { changeRule } from '../rules.js';
import { attemptSample, recallSample, ruleSample } from '../samples.js';
import type { World } from '../world.js';
import {
  claim,
  claimOne,
  dueAt,
  endOne,
  leaseMs,
  plannedIds,
  recallOne,
  settleAs,
  stateOf,
} from './deliverySupport.js';
import type { Ending } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Ordered rules: one after the other in a conversation, and nothing else waits for it. */
export function describeDeliveryOrder(name: string, harness: StorageHarness): void {
  describe(`DeliveryQueue, order: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1', { ordered: true }));
    });

    describe('one conversation', () => describeOneConversation(world));
    describe('what does not wait', () => describeIndependence(world));
    describe('redelivery', () => describeRedelivered(world));
    describe('at the same time', () => describeRaces(world));
  });
}

const statusesOf = async (world: World): Promise<readonly unknown[]> => {
  const ids = await plannedIds(world);
  return Promise.all(ids.map(async (id) => (await stateOf(world, id))?.status));
};

function describeOneConversation(world: () => World): void {
  it('plans what comes while one is open behind it', async () => {
    const at = await recallOne(world());
    await recallOne(world());
    await recallOne(world());

    expect(await statusesOf(world())).toEqual(['waiting', 'behind', 'behind']);
    const [, second = ''] = await plannedIds(world());
    expect(await stateOf(world(), second)).toEqual({ status: 'behind', attempts: 0 });
    expect(await dueAt(world())).toBe(at);
    expect(await claim(world(), 'a', world().clock.now() + 1e9)).toHaveLength(1);
  });

  it.each(['accepted', 'dead'] as const)(
    'given one whose last attempt is %s, then the next one is due at once',
    async (ending: Ending) => {
      for (let n = 0; n < 3; n += 1) await recallOne(world());
      const now = world().clock.now() + 5000;
      const [first, second = '', third = ''] = await plannedIds(world());
      expect(await claimOne(world(), now)).toBe(first);

      expect(await settleAs(world(), first ?? '', ending, now)).toMatchObject({ released: true });

      expect(await stateOf(world(), second)).toEqual({ status: 'waiting', attempts: 0, dueAt: now });
      expect(await stateOf(world(), third)).toMatchObject({ status: 'behind' });
      expect((await claim(world(), 'a', now)).map(({ id }) => id)).toEqual([second]);
      expect(await settleAs(world(), second, ending, now)).toMatchObject({ released: true });
      expect(await claimOne(world(), now)).toBe(third);
      expect(await settleAs(world(), third, ending, now)).toMatchObject({ released: false });
      await recallOne(world());
      expect((await statusesOf(world())).at(-1)).toBe('waiting');
    },
  );

  it.each(['refused', 'cut'] as const)('keeps the others behind one that was %s', async (ending: Ending) => {
    await recallOne(world());
    await recallOne(world());
    const id = await claimOne(world());

    expect(await settleAs(world(), id, ending)).toMatchObject({ released: false });

    expect(await statusesOf(world())).toEqual(['waiting', 'behind']);
  });

  it('releases nothing for a lease that was lost', async () => {
    const at = await recallOne(world());
    await recallOne(world());
    const id = await claimOne(world());
    await claim(world(), 'b', at + leaseMs * 2);

    expect(await settleAs(world(), id, 'accepted')).toMatchObject({ released: false });

    expect(await statusesOf(world())).toEqual(['leased', 'behind']);
  });

  it('orders what one commit brings, in one submit or in several', async () => {
    const { loop, app, send, ids, clock } = world();
    const sent = [await send(), await send(), await send()];
    const recalls = sent.map((msgId) =>
      recallSample({ app: app.no, msgId, recallId: ids.next(), now: clock.now() }),
    );

    await Promise.all([loop.submit(recalls.slice(0, 2)), loop.submit(recalls.slice(2))]);

    expect(await statusesOf(world())).toEqual(['waiting', 'behind', 'behind']);
    for (const id of await plannedIds(world())) {
      expect(await claimOne(world())).toBe(id);
      await settleAs(world(), id, 'accepted');
    }
  });

  it('ends with its rule: what is behind is dead too', async () => {
    const { ports, app } = world();
    await recallOne(world());
    await recallOne(world());

    await ports.rules.remove(app.no, 'r1');

    expect(await statusesOf(world())).toEqual(['dead', 'dead']);
  });

  it('goes on where it was when its rule was disabled meanwhile', async () => {
    const { ports, app, clock } = world();
    await recallOne(world());
    await recallOne(world());
    const first = await claimOne(world());
    await changeRule(ports.rules, app.no, 'r1', { enabled: false }, clock.now());

    await settleAs(world(), first, 'accepted');

    expect(await claim(world(), 'a', clock.now())).toEqual([]);
    await changeRule(ports.rules, app.no, 'r1', { enabled: true }, clock.now());
    expect(await claim(world(), 'a', clock.now())).toHaveLength(1);
  });

  it('is worked off also when the rule asks for no order any more', async () => {
    const { ports, app, clock } = world();
    for (let n = 0; n < 3; n += 1) await recallOne(world());
    await changeRule(ports.rules, app.no, 'r1', { ordered: false }, clock.now());
    await recallOne(world());

    expect((await statusesOf(world())).at(-1)).toBe('waiting');
    for (let left = 4; left > 0; left -= 1) await settleAs(world(), await claimOne(world()), 'accepted');

    expect(await statusesOf(world())).toEqual(Array(4).fill('delivered'));
  });
}

function describeIndependence(world: () => World): void {
  it('is another conversation', async () => {
    await recallOne(world());
    await recallOne(world());
    await recallOne(world(), { to: 'u3' });
    await recallOne(world(), { to: 'u3' });

    expect(await statusesOf(world())).toEqual(['waiting', 'behind', 'waiting', 'behind']);
    const [first = '', , third] = await plannedIds(world());
    const held = await claim(world(), 'a', world().clock.now());
    expect(held.map(({ id }) => id)).toEqual([first, third]);
    await settleAs(world(), first, 'accepted');
    expect(await statusesOf(world())).toEqual(['delivered', 'waiting', 'leased', 'behind']);
  });

  it('is another rule, ordered or not', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'ordered', { ordered: true }));
    await ports.rules.create(ruleSample(app.no, 'unordered'));
    await recallOne(world());
    const at = await recallOne(world());

    const held = await claim(world(), 'a', at, 10, ['r1', 'ordered', 'unordered']);
    expect(held.map(({ rule }) => rule.id).toSorted()).toEqual(['ordered', 'r1', 'unordered', 'unordered']);
    for (const [id, other] of [
      ['ordered', 'r1'],
      ['r1', 'ordered'],
    ] as const) {
      const [settled] = held.filter(({ rule }) => rule.id === id);
      await settleAs(world(), settled?.id ?? '', 'accepted');

      expect(await claim(world(), 'a', at, 10, [other])).toEqual([]);
      expect(await claim(world(), 'a', at, 10, [id])).toHaveLength(1);
    }
  });

  it('is an unordered rule’s own conversation', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'unordered'));
    await recallOne(world());
    const at = await recallOne(world());
    const [first] = await claim(world(), 'a', at, 1, ['unordered']);

    expect(await settleAs(world(), first?.id ?? '', 'accepted')).toMatchObject({ released: false });
  });
}

function describeRedelivered(world: () => World): void {
  it('of one that was over goes out beside the others: it holds up none and releases none', async () => {
    const { ports, app, clock } = world();
    const again = await endOne(world(), 'dead');
    await recallOne(world());
    await ports.redeliveries.one(app.no, again, clock.now());
    await recallOne(world());

    expect(await statusesOf(world())).toEqual(['waiting', 'waiting', 'behind']);
    const held = await claim(world(), 'a', clock.now());
    expect(held.map(({ id }) => id)).toContain(again);
    expect(await settleAs(world(), again, 'accepted')).toMatchObject({ released: false });
    expect(await statusesOf(world())).toEqual(['delivered', 'leased', 'behind']);
  });

  it('of one that was over does not keep what comes later behind it', async () => {
    const { ports, app, clock } = world();
    const again = await endOne(world(), 'accepted');
    await ports.redeliveries.one(app.no, again, clock.now());

    await recallOne(world());

    expect(await statusesOf(world())).toEqual(['waiting', 'waiting']);
  });

  it('of one that is open keeps its place, and what is behind follows it', async () => {
    const { ports, app, clock } = world();
    await recallOne(world());
    await recallOne(world());
    const [first = '', second = ''] = await plannedIds(world());
    const later = { status: 'waiting', attempts: 5, dueAt: clock.now() + 1e6 } as const;
    await claimOne(world());
    await ports.deliveries.settle(
      [{ id: first, owner: 'a', state: later, attempt: attemptSample() }],
      clock.now(),
    );

    expect(await ports.redeliveries.one(app.no, second, clock.now())).toBe('queued');
    expect(await ports.redeliveries.one(app.no, first, clock.now())).toBe('queued');

    expect(await statusesOf(world())).toEqual(['waiting', 'behind']);
    expect(await claimOne(world())).toBe(first);
    expect(await settleAs(world(), first, 'accepted')).toMatchObject({ released: true });
    expect(await claimOne(world())).toBe(second);
  });
}

function describeRaces(world: () => World): void {
  it('race, recall and settle: what comes as the one before it ends is never left behind', async () => {
    const { send, recall } = world();
    for (let n = 0; n < 10; n += 1) {
      await recallOne(world());
      const id = await claimOne(world());
      const msgId = await send();

      await Promise.all([recall(msgId), settleAs(world(), id, 'accepted')]);

      expect((await statusesOf(world())).slice(-2)).toEqual(['delivered', 'waiting']);
      await settleAs(world(), await claimOne(world()), 'accepted');
    }
  });

  it('race, settle and settle: workers of several conversations release each its own', async () => {
    const peers = ['u2', 'u3', 'u4', 'u5'];
    for (const to of [...peers, ...peers, ...peers]) await recallOne(world(), { to });
    const now = world().clock.now();
    const told = new Map<string, number[]>();

    for (let round = 0; round < 3; round += 1) {
      const held = await claim(world(), 'a', now);
      expect(held).toHaveLength(peers.length);
      for (const { events } of held) {
        const [event] = events;
        const peer = event?.type === 'MessageRecalled' ? event.data.chat.id : '';
        told.set(peer, [...(told.get(peer) ?? []), event?.position ?? 0]);
      }
      await Promise.all(held.map(({ id }) => settleAs(world(), id, 'accepted', now)));
    }

    expect([...told.keys()].toSorted()).toEqual(peers);
    for (const positions of told.values()) expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(await statusesOf(world())).toEqual(Array(12).fill('delivered'));
  });
}
