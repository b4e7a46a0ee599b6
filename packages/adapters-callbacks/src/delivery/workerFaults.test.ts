import type { DeliveryQueue } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { callIdsOf, given } from '../testing/givenWorker.js';
import { hang, status } from '../testing/receiver.js';
import { sampleNow } from '../testing/samples.js';
import { until } from '../testing/until.js';
import { wrapQueue } from '../testing/world.js';

describe('a lease', () => {
  it('is extended for as long as the request takes: nobody else sends it', async () => {
    const { app, receiver, recall, started, storage, clock, signals, settledAs } = given();
    let release: () => void = () => undefined;
    const backend = await receiver((response) => {
      release = () => response.end();
    });
    const acme = await app('acme', backend);
    let extended = 0;
    const queue = wrapQueue(storage.deliveries, {
      extend: async (...query) => {
        const kept = await storage.deliveries.extend(...query);
        extended += 1;
        return kept;
      },
    });
    const bounds = { leaseMs: 150 };
    started({ queue, bounds });
    await recall(acme);
    await until('the request is there', () => backend.received.length === 1);
    started({ bounds: { ...bounds, sweepMs: 10 } });

    for (let n = 0; n < 5; n += 1) {
      const before = extended;
      clock.advance(100);
      signals.announce(['deliveriesDue']);
      await until('the lease is extended', () => extended > before + 1);
    }
    release();
    await settledAs(acme, 'delivered');

    expect(backend.received.length).toBe(1);
  });

  it('of a killed worker runs out, and another worker makes the attempt', async () => {
    const { app, receiver, recall, started, storage, clock, pass, settledAs, state } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    await recall(acme);
    const rules = [{ ruleId: 'rule of acme', max: 10 }];
    await storage.deliveries.claim({ rules, owner: 'killed', now: clock.now(), leaseMs: 20_000 });
    started();
    pass(19_999);
    expect(backend.received).toEqual([]);

    pass(1);
    await settledAs(acme, 'delivered');

    expect(await state(acme)).toMatchObject({ attempts: 1 });
  });

  it('that was lost while its delivery waited is given up', async () => {
    const { app, receiver, recall, started, storage, deliveries } = given();
    const releases: (() => void)[] = [];
    const backend = await receiver();
    const acme = await app('acme', backend);
    let losing = false;
    let lost = false;
    const queue = wrapQueue(storage.deliveries, {
      extend: async (...query) => {
        lost = losing;
        return losing ? [] : storage.deliveries.extend(...query);
      },
    });
    started({ queue, bounds: { leaseMs: 300 } });
    await recall(acme);
    await until('the receiver is known as quick', () => backend.received.length === 1);
    backend.answer((response) => releases.push(() => response.end()));
    await recall(acme, 20);
    await until('some are under way, the others wait', () => releases.length === 8);
    losing = true;
    await until('the leases are lost', () => lost);

    for (const release of releases) release();
    await until(
      'those under way are delivered',
      async () => (await deliveries(acme, 'delivered')).length === 9,
    );

    expect(backend.received.length).toBe(9);
  });

  it('that was lost and taken anew while its request is under way makes no second request', async () => {
    const { app, receiver, recall, started, storage, clock, pass, settledAs, state } = given();
    const releases: (() => void)[] = [];
    const backend = await receiver((response) => releases.push(() => response.end()));
    const acme = await app('acme', backend);
    let claimed = 0;
    const queue = wrapQueue(storage.deliveries, {
      claim: async (query) => {
        const taken = await storage.deliveries.claim(query);
        claimed += taken.length;
        return taken;
      },
      extend: async () => [],
    });
    started({ queue });
    await recall(acme);
    await until('the request is there', () => releases.length === 1);

    pass(20_000);
    await until('the lease is taken anew', () => claimed === 2);
    const leased = await state(acme);
    expect(leased).toMatchObject({ status: 'leased', leaseUntil: clock.now() + 20_000 });
    releases[0]?.();
    await settledAs(acme, 'delivered');

    expect(backend.received.length).toBe(1);
  });
});

describe('a store that fails', () => {
  const failing = (times: number) => {
    const calls: number[] = [];
    return {
      calls,
      fail: () => {
        calls.push(performance.now());
        if (calls.length <= times) throw new Error('the store is away');
      },
    };
  };

  it('is asked again, less and less often, and then the work goes on', async () => {
    const { app, receiver, recall, started, storage, logged, settledAs } = given();
    const acme = await app('acme', await receiver());
    await recall(acme);
    const { calls, fail } = failing(3);
    const claim: DeliveryQueue['claim'] = async (query) => {
      fail();
      return storage.deliveries.claim(query);
    };

    started({ queue: wrapQueue(storage.deliveries, { claim }) });
    await settledAs(acme, 'delivered');

    expect(logged.map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => 'due deliveries could not be claimed'),
    );
    const [first = 0, second = 0, third = 0, fourth = 0] = calls;
    // Timers may be early by a millisecond.
    expect(second - first).toBeGreaterThanOrEqual(99);
    expect(third - second).toBeGreaterThanOrEqual(199);
    expect(fourth - third).toBeGreaterThanOrEqual(399);
  });

  it('gets every outcome in the end, and no callback is made again for it', async () => {
    const { app, receiver, recall, started, storage, deliveries } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const { fail } = failing(2);
    const settle: DeliveryQueue['settle'] = async (settled, now) => {
      fail();
      return storage.deliveries.settle(settled, now);
    };
    started({ queue: wrapQueue(storage.deliveries, { settle }) });

    await recall(acme, 10);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 10);

    expect(backend.received.length).toBe(10);
  });

  it('that never takes one outcome gets all others, and the lease of that one brings it back', async () => {
    const { app, receiver, recall, started, storage, deliveries, pass, logged } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    let refuses = true;
    let bad: string | undefined;
    const settle: DeliveryQueue['settle'] = async (settled, now) => {
      bad ??= settled[0]?.id;
      if (refuses && settled.some(({ id }) => id === bad)) throw new Error('not this one');
      return storage.deliveries.settle(settled, now);
    };
    started({ queue: wrapQueue(storage.deliveries, { settle }) });
    await recall(acme, 10);
    await until('the others are delivered', async () => (await deliveries(acme, 'delivered')).length === 9);
    const [left] = await deliveries(acme, 'pending');
    expect(left).toMatchObject({ id: bad, state: { status: 'leased' } });

    await until('it is given up', () =>
      logged.some(({ message }) => message === 'the outcome of a delivery was dropped'),
    );

    refuses = false;
    pass(20_000);
    await until('it is delivered', async () => (await deliveries(acme, 'delivered')).length === 10);

    expect(backend.received.length).toBe(11);
  });
});

describe('a stop', () => {
  it('lets requests under way end', async () => {
    const { app, receiver, recall, worker, settledAs } = given();
    let release: () => void = () => undefined;
    const backend = await receiver((response) => {
      release = () => response.end();
    });
    const acme = await app('acme', backend);
    const stopping = worker();
    stopping.start();
    await recall(acme);
    await until('the request is there', () => backend.received.length === 1);

    const stopped = stopping.stop(5_000);
    release();
    await stopped;

    await settledAs(acme, 'delivered');
  });

  it('cuts off hanging requests within its time; they count for nothing and are made again', async () => {
    const { app, receiver, recall, worker, started, deliveries, storage, settledAs } = given();
    const backend = await receiver(hang);
    const acme = await app('acme', backend);
    const stopping = worker();
    stopping.start();
    await recall(acme);
    await until('the request is there', () => backend.received.length === 1);

    const began = performance.now();
    await stopping.stop(500);

    expect(performance.now() - began).toBeLessThan(1_000);
    const [{ id = '', state } = {}] = await deliveries(acme);
    expect(state).toEqual({ status: 'waiting', attempts: 0, dueAt: sampleNow });
    expect((await storage.deliveryReader.find(acme.no, id))?.attempts).toEqual([]);

    backend.answer(status(200));
    started();
    await settledAs(acme, 'delivered');
    expect(new Set(callIdsOf(backend)).size).toBe(1);
  });

  it('gives back what it had not started', async () => {
    const { app, receiver, recall, worker, deliveries } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const stopping = worker();
    stopping.start();
    await recall(acme);
    await until('the receiver is known as quick', () => backend.received.length === 1);
    backend.answer(hang);
    await recall(acme, 30);
    const states = async () => (await deliveries(acme, 'pending')).map(({ state }) => state);
    await until('all are in hand', async () => (await states()).every(({ status }) => status === 'leased'));

    await stopping.stop(300);

    expect(await states()).toEqual(
      Array.from({ length: 30 }, () => ({ status: 'waiting', attempts: 0, dueAt: sampleNow })),
    );
    expect(backend.received.length).toBe(9);
  });

  it.each(['claim', 'settle', 'extend', 'due'] as const)(
    'keeps its deadline when the store hangs in %s',
    async (call) => {
      const { app, receiver, recall, worker, storage } = given();
      const acme = await app('acme', await receiver(call === 'extend' ? hang : status(200)));
      let asked = false;
      const hanging = () => {
        asked = true;
        return new Promise<never>(() => undefined);
      };
      const queue = wrapQueue(storage.deliveries, { [call]: hanging });
      const stopping = worker({ queue, bounds: { leaseMs: 30 } });
      stopping.start();
      await recall(acme);
      await until('the store hangs', () => asked);

      const began = performance.now();
      await stopping.stop(400);

      expect(performance.now() - began).toBeLessThan(900);
    },
  );

  it('starts nothing afterwards', async () => {
    const { app, receiver, recall, worker, state, signals } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const stopped = worker();
    stopped.start();
    await stopped.stop(500);

    await recall(acme);
    signals.announce(['deliveriesDue']);

    expect(await state(acme)).toMatchObject({ status: 'waiting', attempts: 0 });
    expect(backend.received).toEqual([]);
  });

  it('of a worker that never started is no trouble', async () => {
    await given().worker().stop(100);
  });
});
