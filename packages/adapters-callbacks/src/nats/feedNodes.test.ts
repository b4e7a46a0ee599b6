import type { Leases } from '@recalld/domain';
import { describe, expect, it, vi } from 'vitest';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import type { FeedWorld } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';

const { broker, link, afterwards } = useClosing();
const streams = ['RECALLD_EVENTS', 'RECALLD_CALLBACKS'] as const;

/** A broker, somebody who looks at it, and nodes of a world that publish to it. */
async function given() {
  const world = await createFeedWorld();
  const { url } = await broker();
  const observer = await openObserver(url);
  afterwards(() => observer.close());

  function startNode() {
    const store = { away: false, owner: '' };
    const own = link(url);
    const publisher = world.publisher(own, { leases: leasesOf(world, store) });
    publisher.start();
    afterwards(() => publisher.stop(200));
    const publishes = () => publisher.lag().events.streaming && publisher.lag().callbacks.streaming;
    return { publisher, link: own, store, publishes };
  }

  /** What is recalled from now on comes into both streams. */
  async function goesOn(): Promise<void> {
    await world.sendAndRecall();
    for (const stream of streams) await observer.covers(stream, await world.recallPositions());
  }

  /** Each message once, in the order of the log. */
  async function isInOrder(): Promise<void> {
    for (const stream of streams) {
      const stored = await observer.stored(stream);
      const positions = stored.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
    }
  }

  return { world, observer, startNode, goesOn, isInOrder };
}

/** The store's leases as one node sees them, until it does not see them any more. */
function leasesOf({ storage }: FeedWorld, store: { away: boolean; owner: string }): Leases {
  const seen = <T>(work: () => Promise<T>) => (store.away ? Promise.reject(new Error('away')) : work());
  return {
    take: (name, owner, forMs) => {
      store.owner = owner;
      return seen(() => storage.leases.take(name, owner, forMs));
    },
    release: (name, owner) => seen(() => storage.leases.release(name, owner)),
  };
}

describe.skipIf(noNatsServer)('feeds of several nodes', () => {
  it('are published by one of them, and the others are behind in nothing', async () => {
    const { world, startNode, goesOn, isInOrder } = await given();
    const a = startNode();
    await goesOn();
    await until('the first one publishes', a.publishes);
    const b = startNode();
    await until('the second one has asked', () => b.store.owner !== '' && b.link.connected());

    await world.recall(world.app, 500);
    world.clock.advance(60_000);
    await goesOn();

    const nothing = { position: null, lagMs: 0, streaming: false, trouble: null };
    expect(b.publisher.lag()).toEqual({ events: nothing, callbacks: nothing });
    expect(a.publishes()).toBe(true);
    await isInOrder();
  });

  it('go on elsewhere when their node stops', async () => {
    const { startNode, goesOn, isInOrder } = await given();
    const a = startNode();
    await goesOn();
    const b = startNode();

    await a.publisher.stop(1_000);
    await goesOn();

    await until('the other one publishes', b.publishes);
    await isInOrder();
  });

  it('go on elsewhere when their node is cut off from the broker, though not from the store', async () => {
    const { startNode, goesOn, isInOrder } = await given();
    const a = startNode();
    await goesOn();
    const b = startNode();

    await a.link.close();
    await goesOn();

    await until('the other one publishes', b.publishes);
    expect(a.publisher.lag().events.streaming).toBe(false);
    await isInOrder();
  });

  it('are not published by a node that stood still for a minute, and the next one publishes everything', async () => {
    const { world, observer, startNode, goesOn, isInOrder } = await given();
    const a = startNode();
    await goesOn();
    await until('it publishes', a.publishes);
    const before = (await observer.stored('RECALLD_EVENTS')).length;
    a.store.away = true;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);

    await world.sendAndRecall();
    await until('it sees that its time is over', () => !a.publishes());
    clock.mockRestore();
    await a.publisher.stop(200);
    expect(await observer.stored('RECALLD_EVENTS')).toHaveLength(before);

    await world.storage.leases.release('feed', a.store.owner);
    startNode();
    await goesOn();
    await isInOrder();
  });

  it('race, two nodes publish at once: each message is there once, in order', async () => {
    const { world, startNode, goesOn, isInOrder } = await given();
    const a = startNode();
    await goesOn();
    await until('the first one publishes', a.publishes);
    // The first one does not come to know that its lease is over.
    a.store.away = true;
    await world.storage.leases.release('feed', a.store.owner);
    const b = startNode();
    await until('the second one publishes', b.publishes);

    await world.recall(world.app, 1_000);
    expect([a.publishes(), b.publishes()]).toEqual([true, true]);
    await goesOn();

    await isInOrder();
  });
});
