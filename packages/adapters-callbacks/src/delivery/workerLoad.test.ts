import { describe, expect, it } from 'vitest';
import { callIdsOf, given } from '../testing/givenWorker.js';
import { hang } from '../testing/receiver.js';
import { until } from '../testing/until.js';
import { wrapQueue } from '../testing/world.js';

describe('many deliveries', () => {
  it('all arrive, each once, also when two workers share the queue', async () => {
    const { app, receiver, recall, started, deliveries } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    started();
    started();

    await recall(acme, 300);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 300);

    expect(new Set(callIdsOf(backend)).size).toBe(300);
    expect(backend.received.length).toBe(300);
  });

  it('are settled many in one transaction', async () => {
    const { app, receiver, recall, started, deliveries, storage } = given();
    const acme = await app('acme', await receiver());
    const sizes: number[] = [];
    const queue = wrapQueue(storage.deliveries, {
      settle: async (settled, now) => {
        sizes.push(settled.length);
        return storage.deliveries.settle(settled, now);
      },
    });
    started({ queue, bounds: { gatherMs: 50 } });

    await recall(acme, 200);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 200);

    expect(sizes.length).toBeLessThan(50);
  });

  it('to a hanging receiver do not delay those to another, though all are older and fill the worker', async () => {
    const { app, receiver, recall, started, deliveries } = given({ now: Date.now, advance: () => undefined });
    const stuck = await receiver(hang);
    const quick = await receiver();
    const stuckApp = await app('stuck', stuck);
    const quickApp = await app('quick', quick);
    await recall(stuckApp, 500);
    await recall(quickApp, 20);

    started({ bounds: { heldMax: 40 } });

    await until('the others are delivered', () => quick.received.length === 20);
    expect((await deliveries(stuckApp, 'pending')).length).toBe(500);
    expect(stuck.received.length).toBeLessThanOrEqual(8);
  });

  it('to a hundred hanging receivers do not delay those to another', async () => {
    const { app, receiver, recall, started, deliveries } = given();
    const stuck = await receiver(hang);
    const quick = await receiver();
    const stuckApps = await Promise.all(
      Array.from({ length: 100 }, (_, n) => app(`stuck-${n}`, { ...stuck, url: `${stuck.url}/${n}` })),
    );
    const quickApp = await app('quick', quick);
    for (const one of stuckApps) await recall(one, 20);
    // Nothing that hangs is ever over: whoever waited for it would wait for good.
    started({ timeoutMs: 600_000, bounds: { underwayMax: 128 } });
    const isAsked = (n: number) => stuck.received.some(({ path }) => path.split('?')[0] === `/${n}`);

    for (let n = 1; n <= 40; n += 1) {
      await recall(quickApp);
      await until(`callback ${n} is there`, () => quick.received.length === n);
    }
    await until('all the others hang', () => stuckApps.every((_, n) => isAsked(n)));
    await recall(quickApp, 60);
    await until('many more are there', () => quick.received.length === 100);

    expect(new Set(callIdsOf(quick)).size).toBe(100);
    // They get their first requests in turns of 32, and those that hang get no more.
    expect(stuck.received.length).toBeLessThan(200);
    for (const one of stuckApps) expect((await deliveries(one, 'pending')).length).toBe(20);
  });

  it('to one receiver are never more at a time than its rule allows', async () => {
    const { app, receiver, recall, started, deliveries } = given();
    let open = 0;
    let openMax = 0;
    const backend = await receiver((response) => {
      open += 1;
      openMax = Math.max(openMax, open);
      setTimeout(() => {
        open -= 1;
        response.end();
      }, 5);
    });
    const acme = await app('acme', backend, { concurrencyMax: 2 });
    started();
    started();

    await recall(acme, 60);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 60);

    expect(openMax).toBe(2);
    expect(backend.received.length).toBe(60);
  });

  it('of an ordered rule go out one after the other, each as soon as the one before it is over', async () => {
    const { app, receiver, recall, started, deliveries, requests } = given();
    const releases: (() => void)[] = [];
    const backend = await receiver((response) => releases.push(() => response.end()));
    const acme = await app('acme', backend, { ordered: true });
    started({ bounds: { sweepMs: 600_000 } });
    await recall(acme, 5);

    for (let n = 1; n <= 5; n += 1) {
      await until(`callback ${n} is there`, () => releases.length === n);
      expect((await deliveries(acme, 'delivered')).length).toBe(n - 1);
      releases[n - 1]?.();
    }
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 5);

    const byPosition = (await deliveries(acme)).toSorted(
      (a, b) => (a.events[0]?.position ?? 0) - (b.events[0]?.position ?? 0),
    );
    expect(callIdsOf(backend)).toEqual(byPosition.map((delivery) => requests.callId(delivery)));
  });
});
