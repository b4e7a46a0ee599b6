import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { App, CallbackRule, DeliveryQueue } from '@recalld/domain';
import { createFixedClock } from '@recalld/domain/testing';
import { hang, openReceiver, status } from '../testing/receiver.js';
import type { Answer, Receiver } from '../testing/receiver.js';
import { sampleNow } from '../testing/samples.js';
import { until } from '../testing/until.js';
import { createWorld, wrapQueue } from '../testing/world.js';
import type { WorkerChange } from '../testing/world.js';
import type { DeliveryWorker } from './worker.js';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A world with a clock that the test moves, and what a test needs of it. */
function given(clock = createFixedClock(sampleNow)) {
  const world = createWorld(clock);
  async function receiver(answer?: Answer): Promise<Receiver> {
    const opened = await openReceiver(answer);
    closing.push(() => opened.close());
    return opened;
  }
  function started(change: WorkerChange = {}): DeliveryWorker {
    const worker = world.worker(change);
    worker.start();
    closing.push(() => worker.stop(1_000));
    return worker;
  }
  const app = (name: string, { url }: Receiver, change: Partial<CallbackRule> = {}): Promise<App> =>
    world.appWithRule(name, { url, ...change });
  /** Lets time pass, and tells the workers to look. */
  function pass(ms: number): void {
    clock.advance(ms);
    world.signals.announce(['deliveriesDue']);
  }
  const settledAs = (of: App, expected: string) =>
    until(`the delivery is ${expected}`, async () => (await world.state(of)).status === expected);
  return { ...world, clock, receiver, started, app, pass, settledAs };
}

const callIdsOf = ({ received }: Receiver) =>
  received.map(({ body }) => (JSON.parse(body) as { callId: string }).callId);

describe('a delivery', () => {
  it('goes out as soon as its recall is announced, and its attempt is kept', async () => {
    const { app, receiver, recall, settledAs, started, storage, deliveries } = given();
    const backend = await receiver((response) => response.end('thanks'));
    const acme = await app('acme', backend, { sealedSecret: 's3cr3t' });
    started({ bounds: { sweepMs: 60_000 } });

    await recall(acme);
    await settledAs(acme, 'delivered');

    const [{ id = '' } = {}] = await deliveries(acme);
    const found = await storage.deliveryReader.find(acme.no, id);
    expect(found?.attempts).toMatchObject([
      { requestedAt: sampleNow, status: 200, error: null, answerHead: 'thanks' },
    ]);
    const said = JSON.parse(backend.received[0]?.body ?? '') as Record<string, string>;
    const signed = `${said['callId']}s3cr3t${said['timestamp']}`;
    expect(said['security']).toBe(createHash('md5').update(signed).digest('hex'));
  });

  it('is found by the sweep when no signal came', async () => {
    const { app, receiver, recall, started, signals } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const deaf = { ...signals, listen: () => () => undefined };
    started({ signals: deaf, bounds: { sweepMs: 20 } });

    await recall(acme);

    await until('the callback is there', () => backend.received.length === 1);
  });

  it('is made again when it is due, not at the next sweep', async () => {
    const clock = { now: () => Date.now(), advance: () => undefined };
    const { app, receiver, recall, started } = given(clock);
    const backend = await receiver(status(500));
    const acme = await app('acme', backend);
    started({ bounds: { sweepMs: 600_000 } });

    await recall(acme);

    await until('the second attempt is made', () => backend.received.length === 2);
  });

  it.each([201, 204, 302, 400, 404, 500])(
    'fails with status %i and is made again after a second',
    async (code) => {
      const { app, receiver, recall, started, state, pass, settledAs } = given();
      const backend = await receiver(status(code));
      const acme = await app('acme', backend);
      started();

      await recall(acme);
      await until('the attempt failed', async () => (await state(acme)).attempts === 1);
      expect(await state(acme)).toEqual({ status: 'waiting', attempts: 1, dueAt: sampleNow + 1_000 });

      backend.answer(status(200));
      pass(1_000);
      await settledAs(acme, 'delivered');

      expect(await state(acme)).toEqual({ status: 'delivered', attempts: 2 });
      expect(new Set(callIdsOf(backend)).size).toBe(1);
    },
  );

  it('fails when the receiver hangs up, hangs, or is not there', async () => {
    const { app, receiver, recall, started, deliveries, storage } = given();
    const hangingUp = await app('hanging-up', await receiver((response) => response.destroy()));
    const hanging = await app('hanging', await receiver(hang));
    const gone = await openReceiver();
    await gone.close();
    const missing = await app('missing', gone);
    started({ timeoutMs: 100 });

    const apps = [hangingUp, hanging, missing];
    for (const one of apps) await recall(one);

    for (const one of apps) {
      await until('the attempt failed', async () => (await deliveries(one))[0]?.state.attempts === 1);
      const [{ id = '', lastError } = {}] = await deliveries(one);
      expect(lastError).toMatch(/closed|no answer|refused/);
      expect((await storage.deliveryReader.find(one.no, id))?.attempts.length).toBe(1);
    }
  });

  it('is dead when its schedule has run out, and is made again on demand under the same id', async () => {
    const { app, receiver, recall, started, state, pass, settledAs, deliveries, storage, logged, clock } =
      given();
    const backend = await receiver(status(500));
    const acme = await app('acme', backend);
    started();
    await recall(acme);

    for (let attempts = 1; attempts <= 12; attempts += 1) {
      await until(`attempt ${attempts} failed`, async () => {
        const current = await state(acme);
        return current.status === 'waiting' && current.attempts === attempts;
      });
      pass(24 * 60 * 60 * 1_000 * 1.2);
    }
    await settledAs(acme, 'dead');
    expect(logged.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'a callback delivery is dead', fields: { attempts: 13, status: 500 } },
    ]);

    backend.answer(status(200));
    const [{ id = '' } = {}] = await deliveries(acme, 'dead');
    await storage.deliveries.redeliver(acme.no, id, clock.now());
    pass(0);
    await settledAs(acme, 'delivered');

    expect(callIdsOf(backend).length).toBe(14);
    expect(new Set(callIdsOf(backend)).size).toBe(1);
  });

  it('that cannot be rendered fails like any other, and is logged without its secret', async () => {
    const { app, receiver, recall, started, state, logged, deliveries } = given();
    const acme = await app('acme', await receiver());
    const requests = { render: () => Promise.reject(new Error('the secret was sealed under another key')) };
    started({ requests });

    await recall(acme);
    await until('the attempt failed', async () => (await state(acme)).attempts === 1);

    expect((await deliveries(acme))[0]?.lastError).toBe('the request could not be rendered');
    expect(logged).toContainEqual(expect.objectContaining({ message: 'a callback could not be rendered' }));
  });
});

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
      settle: async (settled) => {
        sizes.push(settled.length);
        await storage.deliveries.settle(settled);
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

  it('to many hanging receivers do not delay those to another', async () => {
    const { app, receiver, recall, started } = given({ now: Date.now, advance: () => undefined });
    const stuck = await receiver(hang);
    const quick = await receiver();
    for (let n = 0; n < 20; n += 1) await recall(await app(`stuck-${n}`, stuck), 30);
    const quickApp = await app('quick', quick);
    await recall(quickApp, 20);

    started();

    await until('the others are delivered', () => quick.received.length === 20);
  });
});

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
    await storage.deliveries.claim({ max: 10, owner: 'killed', now: clock.now(), leaseMs: 20_000 });
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
    const backend = await receiver((response) => releases.push(() => response.end()));
    const acme = await app('acme', backend);
    let lost = false;
    const queue = wrapQueue(storage.deliveries, {
      extend: async () => {
        lost = true;
        return [];
      },
    });
    started({ queue, bounds: { leaseMs: 300 } });
    await recall(acme, 20);
    await until('some are under way, the others wait', () => backend.received.length === 8);
    await until('the leases are lost', () => lost);

    for (const release of releases) release();
    await until(
      'those under way are delivered',
      async () => (await deliveries(acme, 'delivered')).length === 8,
    );

    expect(backend.received.length).toBe(8);
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
    const settle: DeliveryQueue['settle'] = async (settled) => {
      fail();
      await storage.deliveries.settle(settled);
    };
    started({ queue: wrapQueue(storage.deliveries, { settle }) });

    await recall(acme, 10);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 10);

    expect(backend.received.length).toBe(10);
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
    const backend = await receiver(hang);
    const acme = await app('acme', backend);
    const stopping = worker();
    stopping.start();
    await recall(acme, 100);
    await until('some requests are there', () => backend.received.length > 0);

    await stopping.stop(300);

    const states = (await deliveries(acme)).map(({ state }) => state);
    expect(states).toEqual(
      Array.from({ length: 100 }, () => ({ status: 'waiting', attempts: 0, dueAt: sampleNow })),
    );
  });

  it.each(['claim', 'settle', 'extend', 'nextDueAt'] as const)(
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
