import { describe, expect, it } from 'vitest';
import type { NatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import type { FeedWorld } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';
import { redrive } from './redrive.js';
import type { RedriveProgress } from './redrive.js';

const { broker, link, afterwards } = useClosing();
const feeds = ['events', 'callbacks'] as const;

/** Five recalls on the broker, whose streams forget ids after a second, and their publisher. */
async function fiveRecalls(server: NatsServer) {
  const world = await createFeedWorld();
  const observer = await openObserver(server.url);
  afterwards(() => observer.close());
  await observer.manager.streams.add({
    name: 'RECALLD_EVENTS',
    subjects: ['recalld.events.>'],
    duplicate_window: 1e9,
  });
  const publisher = started(world, server.url);
  for (let i = 0; i < 5; i += 1) await world.sendAndRecall();
  const positions = await world.recallPositions();
  await observer.covers('RECALLD_EVENTS', positions);
  await observer.covers('RECALLD_CALLBACKS', positions);
  await until(
    'it is at the end',
    () => publisher.lag().events.lagMs === 0 && publisher.lag().callbacks.lagMs === 0,
  );
  const stored = await observer.stored('RECALLD_EVENTS');
  return { world, observer, publisher, positions, stored };
}

function started(world: FeedWorld, url: string) {
  const publisher = world.publisher(link(url));
  publisher.start();
  afterwards(() => publisher.stop(1_000));
  return publisher;
}

async function pauseMs(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe.skipIf(noNatsServer)('publishing a range again', () => {
  it('doubles nothing that the broker still recognises', async () => {
    const server = await broker();
    const { world, observer, positions } = await fiveRecalls(server);
    const range = { from: 1, through: positions.at(-1) ?? 0, feeds: ['callbacks'] as const };

    const result = await redrive(world.deps(link(server.url)), range);

    expect(result).toEqual({ published: 0, duplicates: 10 });
    expect(await observer.stored('RECALLD_CALLBACKS')).toHaveLength(10);
  });

  it('publishes just the range, under the same ids, with the same bodies', async () => {
    const server = await broker();
    const { world, observer, positions, stored } = await fiveRecalls(server);
    await pauseMs(1_300);
    const progress: RedriveProgress[] = [];
    const range = {
      from: positions[1] ?? 0,
      through: positions[3] ?? 0,
      feeds: ['events'] as const,
      onProgress: (one: RedriveProgress) => progress.push(one),
    };

    const result = await redrive(world.deps(link(server.url)), range);

    expect(result).toEqual({ published: 3, duplicates: 0 });
    const again = (await observer.stored('RECALLD_EVENTS')).slice(5);
    const plain = ({ id, body, subject, position }: (typeof again)[number]) => [id, body, subject, position];
    expect(again.map(plain)).toEqual(stored.slice(1, 4).map(plain));
    expect(progress.at(-1)).toEqual({ feed: 'events', position: positions[3], published: 3, duplicates: 0 });
  });

  it('waits for the broker to take again what was purged and deleted a moment ago', async () => {
    const server = await broker();
    const { world, observer, positions } = await fiveRecalls(server);
    await observer.manager.streams.purge('RECALLD_EVENTS', { seq: 3 });
    await observer.manager.streams.deleteMessage('RECALLD_EVENTS', 4);
    const range = { from: 1, through: positions.at(-1) ?? 0, feeds: ['events'] as const };

    const result = await redrive(world.deps(link(server.url)), range);

    expect(result).toEqual({ published: 3, duplicates: 2 });
    const there = (await observer.stored('RECALLD_EVENTS')).map(({ position }) => position);
    expect(there.toSorted((a, b) => a - b)).toEqual(positions);
  });

  it('does not lead the feed astray: it goes on where it was', async () => {
    const server = await broker();
    const { world, observer, publisher, positions } = await fiveRecalls(server);
    await pauseMs(1_300);
    await redrive(world.deps(link(server.url)), { from: 1, through: positions[2] ?? 0, feeds: ['events'] });
    await publisher.stop(1_000);

    await world.sendAndRecall();
    started(world, server.url);

    const [last = -1] = (await world.recallPositions()).slice(-1);
    await observer.covers('RECALLD_EVENTS', [last]);
    const there = (await observer.stored('RECALLD_EVENTS')).map(({ position }) => position);
    expect(there).toEqual([...positions, ...positions.slice(0, 3), last]);
  });

  it('into an empty stream does not keep the feed from filling it', async () => {
    const server = await broker();
    const { world, observer, publisher, positions } = await fiveRecalls(server);
    await publisher.stop(1_000);
    await observer.manager.streams.delete('RECALLD_EVENTS');
    const [, , third = 0] = positions;
    await redrive(world.deps(link(server.url)), { from: third, through: third, feeds: ['events'] });

    started(world, server.url);

    await observer.covers('RECALLD_EVENTS', positions);
  });

  it('goes on through a broker that is killed meanwhile', async () => {
    const server = await broker();
    const world = await createFeedWorld();
    await world.recall(world.app, 600);
    const through = (await world.recallPositions()).at(-1) ?? 0;
    let killed: Promise<void> | undefined;
    const onProgress = () => {
      killed ??= server.kill().then(() => server.start());
    };

    const result = await redrive(world.deps(link(server.url)), { from: 1, through, feeds, onProgress });
    await killed;

    const observer = await openObserver(server.url);
    afterwards(() => observer.close());
    await observer.covers('RECALLD_EVENTS', await world.recallPositions());
    await observer.covers('RECALLD_CALLBACKS', await world.recallPositions());
    expect(result.published + result.duplicates).toBe(1_200);
  });

  it('ends with one sentence when the broker cannot be reached', async () => {
    const world = await createFeedWorld();
    const away = link('nats://127.0.0.1:1');

    await expect(redrive(world.deps(away), { from: 1, through: 1, feeds, awayMsMax: 300 })).rejects.toThrow(
      'the NATS broker cannot be reached',
    );
  });

  it('ends when it is told to', async () => {
    const server = await broker();
    const world = await createFeedWorld();
    await world.recall(world.app, 500);
    const stop = new AbortController();
    const range = { from: 1, through: 500, feeds, stop: stop.signal, onProgress: () => stop.abort() };

    await expect(redrive(world.deps(link(server.url)), range)).rejects.toThrow('abort');
  });
});
