import { connect as connectTcp, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startNatsCluster } from '../../../../scripts/lib/natsServer.mjs';
import type { NatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import type { FeedWorld, Observer } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';
import type { FeedPublisherDeps } from './feedPublisher.js';

const { broker, link, afterwards } = useClosing();
const streams = ['RECALLD_EVENTS', 'RECALLD_CALLBACKS'] as const;

async function observed(url: string): Promise<Observer> {
  const observer = await openObserver(url);
  afterwards(() => observer.close());
  return observer;
}

function started(world: FeedWorld, url: string, change: Partial<FeedPublisherDeps> = {}) {
  const publisher = world.publisher(link(url), change);
  publisher.start();
  afterwards(() => publisher.stop(1_000));
  return publisher;
}

/** A broker with its publisher and its observer. */
async function running(world: FeedWorld) {
  const server = await broker();
  const publisher = started(world, server.url);
  return { server, publisher, observer: await observed(server.url) };
}

/** Everything that the log tells is in both streams, and nothing of it under a second id. */
async function nothingIsLost(world: FeedWorld, observer: Observer): Promise<void> {
  const positions = await world.recallPositions();
  for (const stream of streams) {
    await observer.covers(stream, positions);
    const idsAt = new Map<number, Set<string>>();
    for (const { position, id } of await observer.stored(stream)) {
      idsAt.set(position, (idsAt.get(position) ?? new Set()).add(id));
    }
    const ids = stream === 'RECALLD_EVENTS' ? 1 : 2;
    expect([...idsAt.values()].every((set) => set.size === ids)).toBe(true);
  }
}

/** Recalls a few messages at a time while something happens. */
async function under(world: FeedWorld, happening: () => Promise<unknown>): Promise<void> {
  let over = false;
  const traffic = (async () => {
    while (!over) {
      await Promise.all([world.sendAndRecall(), world.sendAndRecall()]);
      await pauseMs(10);
    }
  })();
  await pauseMs(100);
  await happening();
  await pauseMs(100);
  over = true;
  await traffic;
}

async function pauseMs(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Streams as an operator made them, whose broker forgets ids after a second. */
async function shortMemory(server: NatsServer): Promise<Observer> {
  const observer = await observed(server.url);
  for (const name of streams) {
    const subjects = [name === 'RECALLD_EVENTS' ? 'recalld.events.>' : 'recalld.callbacks.>'];
    await observer.manager.streams.add({ name, subjects, duplicate_window: 1e9 });
  }
  return observer;
}

describe.skipIf(noNatsServer)('under traffic, the feeds lose nothing', () => {
  it('while the broker is killed twice', async () => {
    const world = await createFeedWorld();
    const { server, observer } = await running(world);

    await under(world, async () => {
      for (let kills = 0; kills < 2; kills += 1) {
        await server.kill();
        await pauseMs(150);
        await server.start();
        await pauseMs(500);
      }
    });

    await nothingIsLost(world, observer);
  });

  it('while the broker forgets everything', async () => {
    const world = await createFeedWorld();
    const { server, observer } = await running(world);

    await under(world, async () => {
      await server.kill();
      server.wipe();
      await server.start();
    });

    await nothingIsLost(world, observer);
    for (const stream of streams) await observer.manager.consumers.info(stream, 'acme#im');
  });

  it('while the broker stands still for a while', async () => {
    const world = await createFeedWorld();
    const { server, observer } = await running(world);

    await under(world, async () => {
      server.pause();
      await pauseMs(2_000);
      server.resume();
    });

    await nothingIsLost(world, observer);
  });

  it('while the streams are deleted', async () => {
    const world = await createFeedWorld();
    const { observer } = await running(world);
    await under(world, async () => {
      for (const stream of streams) await observer.manager.streams.delete(stream);
    });

    await nothingIsLost(world, observer);
  });

  it('while a stream is deleted and made anew by somebody else', async () => {
    const world = await createFeedWorld();
    const { observer } = await running(world);
    await world.sendAndRecall();
    await nothingIsLost(world, observer);

    await under(world, async () => {
      const { manager } = observer;
      await manager.streams.delete('RECALLD_EVENTS');
      await manager.streams.add({ name: 'RECALLD_EVENTS', subjects: ['recalld.events.>'] });
    });

    await nothingIsLost(world, observer);
  });

  it('while one of three brokers dies', async () => {
    const world = await createFeedWorld();
    const cluster = await startNatsCluster();
    afterwards(() => cluster.stop());
    const publisher = started(world, cluster.url, { streams: { replicas: 3, bytesMax: 10_000_000 } });
    await until(
      'it streams',
      () => publisher.lag().callbacks.streaming && publisher.lag().events.streaming,
      15_000,
    );
    const [first, second] = cluster.nodes;

    await under(world, async () => first?.kill());

    const observer = await observed(second?.url ?? '');
    await nothingIsLost(world, observer);
    expect((await observer.manager.streams.info('RECALLD_EVENTS')).config.num_replicas).toBe(3);
  });

  it('while the publisher is stopped and another goes on', async () => {
    const world = await createFeedWorld();
    const { server, publisher, observer } = await running(world);

    await under(world, async () => {
      await publisher.stop(2_000);
      started(world, server.url);
    });

    await nothingIsLost(world, observer);
    const stored = await observer.stored('RECALLD_EVENTS');
    expect(stored.map(({ position }) => position)).toEqual(await world.recallPositions());
  });
});

describe.skipIf(noNatsServer)('the feeds go on', () => {
  it('with what was recorded while there was no broker', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    await server.kill();
    const publisher = started(world, server.url);
    await world.sendAndRecall();
    expect(publisher.lag().events).toMatchObject({ position: null, streaming: false });
    world.clock.advance(60_000);
    expect(publisher.lag().events.lagMs).toBe(60_000);

    await server.start();

    await nothingIsLost(world, await observed(server.url));
    await until('it is at the end', () => publisher.lag().events.lagMs === 0);
    const end = (await world.recallPositions()).at(-1);
    expect(publisher.lag().events).toEqual({ position: end, lagMs: 0, streaming: true, trouble: null });
  });

  it('where the stream ends, when that is before the checkpoint', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const observer = await shortMemory(server);
    await started(world, server.url).stop(1_000);
    const first = started(world, server.url);
    for (let i = 0; i < 5; i += 1) await world.sendAndRecall();
    await nothingIsLost(world, observer);
    await until('it is at the end', () => first.lag().callbacks.lagMs === 0);
    await first.stop(1_000);
    // What a broker that lost its last seconds looks like; half of the last event's callbacks are left.
    for (const [stream, keep] of [
      ['RECALLD_EVENTS', 2],
      ['RECALLD_CALLBACKS', 5],
    ] as const) {
      for (let seq = keep + 1; seq <= (stream === 'RECALLD_EVENTS' ? 5 : 10); seq += 1) {
        await observer.manager.streams.deleteMessage(stream, seq);
      }
    }

    started(world, server.url);

    await nothingIsLost(world, observer);
    const again = await observer.stored('RECALLD_CALLBACKS');
    expect(again.map(({ id }) => id)).toHaveLength(10);
    expect(new Set(again.map(({ id }) => id)).size).toBe(10);
  });

  it('with the one message that was refused while later ones were stored, after the broker has lost its last ones', async () => {
    const world = await createFeedWorld();
    const long = await world.makeApp('a'.repeat(60), null);
    const server = await broker();
    const observer = await shortMemory(server);
    const first = started(world, server.url);
    for (const app of [world.app, world.app, long, world.app, world.app]) await world.sendAndRecall(app);
    await noEventIsLost(world, observer);
    await until('it is at the end', () => first.lag().events.lagMs === 0);
    await first.stop(1_000);
    const [short] = await observer.stored('RECALLD_EVENTS');
    for (const seq of [2, 3, 4, 5]) await observer.manager.streams.deleteMessage('RECALLD_EVENTS', seq);
    await pauseMs(1_300);
    const bytes = await observer.bytesOf('RECALLD_EVENTS', short?.seq ?? 0);
    await observer.manager.streams.update('RECALLD_EVENTS', { max_msg_size: bytes + 20 });

    const second = started(world, server.url);
    const positions = await world.recallPositions();
    await observer.covers(
      'RECALLD_EVENTS',
      positions.filter((_, index) => index !== 2),
    );
    await until('it was refused', () => world.log.lines.join('\n').includes('message size exceeds'));
    await pauseMs(500);
    expect(second.lag().events.streaming).toBe(false);
    await observer.manager.streams.update('RECALLD_EVENTS', { max_msg_size: 1_000_000 });

    await noEventIsLost(world, observer);
  });

  it('from the checkpoint when a stranger’s message is the last one, without doubling anything', async () => {
    const world = await createFeedWorld();
    const { server, publisher, observer } = await running(world);
    await world.sendAndRecall();
    await nothingIsLost(world, observer);
    await publisher.stop(1_000);
    await observer.nats.jetstream().publish('recalld.events.acme.im.made.up', 'no event');

    started(world, server.url);
    await world.sendAndRecall();

    await oursOnce(world, observer);
  });

  it('with everything again under the same ids, when the checkpoint is lost', async () => {
    const world = await createFeedWorld();
    const { server, publisher, observer } = await running(world);
    for (let i = 0; i < 3; i += 1) await world.sendAndRecall();
    await nothingIsLost(world, observer);
    await publisher.stop(1_000);
    await world.storage.checkpoints.write('nats-events', 0);
    await world.storage.checkpoints.write('nats-callbacks', 0);

    const second = started(world, server.url);
    await until(
      'it is at the end',
      () => second.lag().callbacks.lagMs === 0 && second.lag().callbacks.streaming,
    );

    await until(
      'the checkpoint is back',
      async () => (await world.storage.checkpoints.read('nats-events')) !== 0,
    );
    expect(await observer.stored('RECALLD_EVENTS')).toHaveLength(3);
    expect(await observer.stored('RECALLD_CALLBACKS')).toHaveLength(6);
  });

  it('with a purged stream full again after the next connection, also with what the broker still remembers', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const observer = await shortMemory(server);
    const publisher = started(world, server.url);
    for (let i = 0; i < 3; i += 1) await world.sendAndRecall();
    await nothingIsLost(world, observer);
    await publisher.stop(1_000);

    for (const stream of streams) await observer.manager.streams.purge(stream);
    started(world, server.url);

    await nothingIsLost(world, observer);
    expect(world.log.lines.join('\n')).toContain('waiting until the broker takes deleted messages again');
  });

  it('with no more than a stream would keep, when it is filled again', async () => {
    const world = await createFeedWorld();
    await world.sendAndRecall();
    world.clock.advance(8 * 86_400_000);
    await world.sendAndRecall();
    const server = await broker();

    started(world, server.url);

    const [, young = -1] = await world.recallPositions();
    const observer = await observed(server.url);
    await observer.covers('RECALLD_EVENTS', [young]);
    const stored = await observer.stored('RECALLD_EVENTS');
    expect(stored.map(({ position }) => position)).toEqual([young]);
  });

  it('through a broker that takes its time', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const slow = await slowed(server.port, 80);

    started(world, `nats://127.0.0.1:${slow}`);
    for (let i = 0; i < 20; i += 1) await world.sendAndRecall();

    const observer = await observed(server.url);
    await nothingIsLost(world, observer);
    expect(await observer.stored('RECALLD_EVENTS')).toHaveLength(20);
  });

  it('once the broker has room for its streams', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const big = { name: 'BIG', subjects: ['big.>'], max_bytes: 7_500_000_000 };
    const observer = await observed(server.url);
    await observer.manager.streams.add(big);
    const publisher = started(world, server.url);
    await world.sendAndRecall();
    await until('it was refused', () => world.log.lines.length > 0);
    expect(world.log.lines.join('\n')).toContain('insufficient storage');
    expect(publisher.lag().events.streaming).toBe(false);

    await observer.manager.streams.delete('BIG');

    await nothingIsLost(world, observer);
  });
});

describe.skipIf(noNatsServer)('the publisher', () => {
  it('stops in time while the broker answers nothing', async () => {
    const world = await createFeedWorld();
    const { server, publisher, observer } = await running(world);
    await world.sendAndRecall();
    await nothingIsLost(world, observer);
    server.pause();
    await world.sendAndRecall();

    const began = performance.now();
    await publisher.stop(500);

    expect(performance.now() - began).toBeLessThan(3_000);
    server.resume();
  });

  it('reads the log rarely while there is nothing to publish', async () => {
    const world = await createFeedWorld();
    const { url } = await broker();
    let reads = 0;
    const { log } = world.storage;
    const counted = { ...log, read: (q: Parameters<typeof log.read>[0]) => ((reads += 1), log.read(q)) };
    const publisher = started(world, url, { eventLog: counted });
    await until(
      'it is at the end',
      () => publisher.lag().events.lagMs === 0 && publisher.lag().callbacks.lagMs === 0,
    );

    reads = 0;
    await pauseMs(1_000);

    expect(reads).toBeLessThanOrEqual(2);
  });
});

/** {@link nothingIsLost} when an app has rules that cannot be rendered. */
async function noEventIsLost(world: FeedWorld, observer: Observer): Promise<void> {
  await observer.covers('RECALLD_EVENTS', await world.recallPositions());
}

/** {@link nothingIsLost} beside a stranger's message. */
async function oursOnce(world: FeedWorld, observer: Observer): Promise<void> {
  const positions = await world.recallPositions();
  await observer.covers('RECALLD_EVENTS', positions);
  const ours = (await observer.stored('RECALLD_EVENTS')).filter(({ position }) => position > 0);
  expect(ours.map(({ position }) => position)).toEqual(positions);
}

/** A way to a port on which every byte takes `ms` longer. Answers its own port. */
async function slowed(port: number, ms: number): Promise<number> {
  const server = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => setTimeout(() => to.destroyed || to.write(bytes), ms));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => void server.close());
  return (server.address() as AddressInfo).port;
}
