import type { DeliveryQueue } from '@recalld/domain';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { callIdsOf, given } from '../testing/givenWorker.js';
import { hang, status } from '../testing/receiver.js';
import { until } from '../testing/until.js';
import { wrapQueue } from '../testing/world.js';

/** A queue whose calls are left waiting while its gate is shut. */
function gated(queue: DeliveryQueue, calls: readonly (keyof DeliveryQueue)[]) {
  let isShut = false;
  let open: () => void = () => undefined;
  let opened = Promise.resolve();
  const passing =
    (call: keyof DeliveryQueue) =>
    async (...asked: readonly unknown[]) => {
      if (isShut) await opened;
      return Reflect.apply(queue[call], queue, asked) as never;
    };
  return {
    queue: wrapQueue(queue, Object.fromEntries(calls.map((call) => [call, passing(call)]))),
    shut: () => {
      isShut = true;
      opened = new Promise((resolve) => (open = resolve));
    },
    open: () => {
      isShut = false;
      open();
    },
  };
}

/** One worker with eight requests under way and more that wait, which does not get at the store any more. */
async function busyWorker(calls: readonly (keyof DeliveryQueue)[]) {
  const world = given();
  const { app, receiver, recall, started, storage, deliveries } = world;
  const backend = await receiver();
  const acme = await app('acme', backend);
  const { queue, shut, open } = gated(storage.deliveries, calls);
  started({ queue, bounds: { leaseMs: 900 } });
  await recall(acme);
  await until('the receiver is known as quick', () => backend.received.length === 1);
  const releases: (() => void)[] = [];
  backend.answer((response) => releases.push(() => response.end()));
  await recall(acme, 30);
  const inHand = async () =>
    (await deliveries(acme, 'pending')).filter(({ state }) => state.status === 'leased').length;
  await until('some are under way, the others wait', async () => {
    return releases.length === 8 && (await inHand()) === 30;
  });
  shut();
  backend.answer(status(200));
  /** The requests under way are answered. */
  async function release(): Promise<void> {
    for (const end of releases) end();
    await until(
      'what was under way is delivered',
      async () => (await deliveries(acme, 'delivered')).length === 9,
    );
  }
  const allDelivered = () =>
    until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 31);
  return { ...world, backend, open, release, allDelivered };
}

/** Time goes by while the process stands still. */
function standStill(ms: number): void {
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + ms);
}

describe('a worker that stood still for longer than its leases', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('starts nothing that waited, and another one does it', async () => {
    const { backend, open, release, allDelivered, started, pass } = await busyWorker(['due', 'extend']);
    standStill(60_000);
    await release();
    expect(backend.received.length).toBe(9);
    vi.restoreAllMocks();

    started();
    pass(900);
    await allDelivered();
    open();

    expect(backend.received.length).toBe(31);
    expect(new Set(callIdsOf(backend)).size).toBe(31);
  });

  it('goes on when the store says that nobody else took anything', async () => {
    const { backend, open, release, allDelivered } = await busyWorker(['due', 'extend']);
    standStill(60_000);
    await release();
    expect(backend.received.length).toBe(9);

    vi.restoreAllMocks();
    open();
    await allDelivered();

    expect(backend.received.length).toBe(31);
  });

  it('does not settle what another one has settled meanwhile', async () => {
    const { app, receiver, recall, started, storage, pass, settledAs, state } = given();
    const releases: (() => void)[] = [];
    const backend = await receiver((response) => releases.push(() => response.writeHead(500).end()));
    const acme = await app('acme', backend);
    const { queue, shut, open } = gated(storage.deliveries, ['due', 'extend', 'settle']);
    const settled = vi.fn();
    const first = wrapQueue(queue, {
      settle: async (...asked) => {
        const settlement = await queue.settle(...asked);
        settled();
        return settlement;
      },
    });
    started({ queue: first });
    await recall(acme);
    await until('the request is there', () => releases.length === 1);
    shut();

    backend.answer(status(200));
    started();
    pass(20_000);
    await settledAs(acme, 'delivered');
    releases[0]?.();
    open();
    await until('the first one has settled too', () => settled.mock.calls.length > 0);

    expect(await state(acme)).toEqual({ status: 'delivered', attempts: 1 });
    expect(backend.received.length).toBe(2);
  });
});

describe('two workers on one queue', () => {
  it('attempt each delivery once, and when one answers no more, the other does its work after the lease', async () => {
    const { app, receiver, recall, started, storage, deliveries, pass } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const { queue, shut } = gated(storage.deliveries, ['due', 'claim', 'extend', 'settle']);
    const count = async (asked: 'pending' | 'delivered') => (await deliveries(acme, asked)).length;
    started({ queue });
    await recall(acme, 100);
    await until('all are delivered', async () => (await count('delivered')) === 100);
    backend.answer(hang);
    await recall(acme, 50);
    await until('the first one has some in hand', () => backend.received.length > 100);
    shut();
    const taken = (await deliveries(acme, 'pending')).filter(({ state }) => state.status === 'leased').length;

    backend.answer(status(200));
    started();
    await until('the other one has done the rest', async () => (await count('pending')) === taken);
    pass(19_999);
    await recall(acme);
    await until('it has looked', async () => (await count('delivered')) === 151 - taken);
    expect(await count('pending')).toBe(taken);
    pass(1);
    await until('and then all', async () => (await count('delivered')) === 151);

    expect(new Set(callIdsOf(backend)).size).toBe(151);
  });

  it('have a name each, also in one process', async () => {
    const { started, storage, app, receiver, recall } = given();
    const owners: Set<string>[] = [new Set(), new Set()];
    for (const names of owners) {
      const claim: DeliveryQueue['claim'] = (query) => {
        names.add(query.owner);
        return storage.deliveries.claim(query);
      };
      started({ queue: wrapQueue(storage.deliveries, { claim }) });
    }
    await recall(await app('acme', await receiver()), 10);
    await until('both have claimed', () => owners.every(({ size }) => size > 0));

    expect(owners.map(({ size }) => size)).toEqual([1, 1]);
    expect([...(owners[0] ?? [])]).not.toEqual([...(owners[1] ?? [])]);
  });
});
