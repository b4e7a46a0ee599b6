import { limits } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import type { FeedWorld } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';
import { feedLimits } from './feedStreams.js';

const { broker, link, afterwards } = useClosing();

async function observed(url: string) {
  const observer = await openObserver(url);
  afterwards(() => observer.close());
  return observer;
}

function started(world: FeedWorld, url: string) {
  const publisher = world.publisher(link(url));
  publisher.start();
  afterwards(() => publisher.stop(1_000));
  return publisher;
}

/** A stream as an operator made it, whose broker forgets ids after a second. */
const ofOperator = {
  name: 'RECALLD_CALLBACKS',
  subjects: ['recalld.callbacks.>'],
  duplicate_window: 1e9,
};

describe.skipIf(noNatsServer)('while there is nothing to publish, the feeds', () => {
  it('make a stream again that was deleted, and fill one again that was purged', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const observer = await observed(server.url);
    await observer.manager.streams.add(ofOperator);
    const publisher = started(world, server.url);
    await world.sendAndRecall();
    const positions = await world.recallPositions();
    for (const stream of ['RECALLD_EVENTS', 'RECALLD_CALLBACKS']) await observer.covers(stream, positions);
    await until('they are at the end', () =>
      Object.values(publisher.lag()).every(({ lagMs, streaming }) => lagMs === 0 && streaming),
    );

    await observer.manager.streams.delete('RECALLD_EVENTS');
    await observer.manager.streams.purge('RECALLD_CALLBACKS');

    await observer.covers('RECALLD_EVENTS', positions, 20_000);
    await observer.covers('RECALLD_CALLBACKS', positions, 20_000);
    await observer.manager.consumers.info('RECALLD_EVENTS', 'acme#im');
    expect(world.log.lines.join('\n')).toContain('the stream RECALLD_CALLBACKS was emptied');
  });

  it('leave a stream alone that keeps its last messages only', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const observer = await observed(server.url);
    await observer.manager.streams.add({ ...ofOperator, max_msgs: 1 });
    const publisher = started(world, server.url);
    for (let i = 0; i < 3; i += 1) await world.sendAndRecall();
    await observer.covers('RECALLD_CALLBACKS', (await world.recallPositions()).slice(-1));
    await observer.nats.jetstream().publish('recalld.callbacks.acme.im.made.up', 'no callback');
    const { state } = await observer.manager.streams.info('RECALLD_CALLBACKS');

    // It may look again, and something wakes it.
    await new Promise((resolve) => setTimeout(resolve, limits.sweepIntervalMs / 2 + 200));
    world.signals.announce(['eventsRecorded']);
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect((await observer.manager.streams.info('RECALLD_CALLBACKS')).state.last_seq).toBe(state.last_seq);
    expect(world.log.lines.join('\n')).not.toContain('was emptied');
    expect(publisher.lag().callbacks.trouble).toBeNull();
  });
});

describe.skipIf(noNatsServer)('a feed whose log was restored from an older copy', () => {
  it('says so once', async () => {
    const server = await broker();
    const before = await createFeedWorld();
    const first = started(before, server.url);
    for (let i = 0; i < 3; i += 1) await before.sendAndRecall();
    const observer = await observed(server.url);
    await observer.covers('RECALLD_EVENTS', await before.recallPositions());
    await first.stop(1_000);
    const restored = await createFeedWorld();
    await restored.sendAndRecall();

    const second = started(restored, server.url);
    await until('it streams', () => second.lag().events.streaming);
    await server.kill();
    await until('the broker is gone', () => !second.lag().events.streaming);
    await server.start();
    await until('it streams again', () => second.lag().events.streaming, 15_000);

    const line = 'the stream is ahead of the log: was an older copy of the database restored?';
    const [last] = (await before.recallPositions()).slice(-1);
    const [end] = (await restored.wholeLog()).slice(-1);
    const fields = { feed: 'events', streamPosition: last, logPosition: end?.position };
    const told = restored.log.lines.filter((text) => text.startsWith(line) && text.includes('"events"'));
    expect(told).toEqual([`${line} ${JSON.stringify(fields)}`]);
  });
});

describe.skipIf(noNatsServer)('a feed that cannot publish although the broker is there', () => {
  it('says why for as long as it cannot', async () => {
    const world = await createFeedWorld();
    const server = await broker();
    const observer = await observed(server.url);
    const big = { name: 'BIG', subjects: ['big.>'], max_bytes: 8 * 1024 ** 3 - feedLimits.bytesMax };
    await observer.manager.streams.add(big);

    const publisher = started(world, server.url);
    await until('one is in trouble', () =>
      Object.values(publisher.lag()).some(({ trouble }) => trouble !== null),
    );
    const troubles = Object.values(publisher.lag()).map(({ trouble }) => trouble);
    expect(troubles).toContain('insufficient storage resources available');
    await observer.manager.streams.delete('BIG');

    await until('none is', () => Object.values(publisher.lag()).every(({ trouble }) => trouble === null));
  });
});
