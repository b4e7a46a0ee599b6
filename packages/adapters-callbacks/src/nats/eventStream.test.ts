import type { LaterEvent } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { openEventStream } from './eventStream.js';

const { broker, link, afterwards } = useClosing();

async function given() {
  const server = await broker();
  const observer = await openObserver(server.url);
  afterwards(() => observer.close());
  const world = await createFeedWorld();
  const nats = link(server.url);
  const publisher = world.publisher(nats);
  publisher.start();
  afterwards(() => publisher.stop(1_000));
  return {
    world,
    observer,
    open: async () => {
      const connection = await nats.whenConnected(5_000);
      return connection && openEventStream(connection);
    },
    published: async () => observer.covers('RECALLD_EVENTS', await world.recallPositions()),
  };
}

async function all(events: AsyncIterable<readonly LaterEvent[]> | undefined): Promise<readonly LaterEvent[]> {
  const found: LaterEvent[] = [];
  for await (const some of events ?? []) found.push(...some);
  return found;
}

describe.skipIf(noNatsServer)('the stream of events, read again', () => {
  it('tells what the log has after a position, with the ids and times that it had', async () => {
    const { world, open, published } = await given();
    await world.sendAndRecall();
    await world.changePolicy(60);
    await world.sendAndRecall();
    await published();

    const stream = await open();
    const [first = 0, second = 0] = await world.recallPositions();
    const later = await all(stream?.after(first));

    const log = await world.wholeLog();
    const recalled = log.find(({ position }) => position === second);
    if (recalled?.type !== 'MessageRecalled') throw new Error('there is a recall');
    expect(later.map(({ event }) => event.type)).toEqual(['RecallPolicyChanged', 'MessageRecalled']);
    const { msgId, recallId, from, by, forced } = recalled.data;
    expect(later[1]).toMatchObject({
      org: world.app.org,
      app: world.app.name,
      position: second,
      event: { data: { msgId, recallId, from, by, forced }, occurredAt: recalled.occurredAt, actor: by },
    });
    expect(stream?.lastPosition).toBe(second);
    expect(await all(stream?.after(second))).toEqual([]);
  });

  it('reaches back as far as it has messages, and as it kept them from its making on', async () => {
    const { world, observer, open, published } = await given();
    for (let n = 0; n < 3; n += 1) await world.sendAndRecall();
    await published();
    const [first = 0, second = 0, third = 0] = await world.recallPositions();
    const now = world.clock.now();
    const before = await open();
    expect([before?.reachesBackTo(0, now), before?.reachesBackTo(0, now - 8 * 86_400_000)]).toEqual([
      true,
      false,
    ]);

    await observer.manager.streams.purge('RECALLD_EVENTS', { seq: 2 });
    const after = await open();
    expect([first, second, third].map((position) => after?.reachesBackTo(position, now))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is not there where nobody has made it, and empty where nothing was published', async () => {
    const server = await broker();
    const observer = await openObserver(server.url);
    afterwards(() => observer.close());
    const connection = await link(server.url).whenConnected(5_000);
    if (connection === undefined) throw new Error('the broker is there');
    expect(await openEventStream(connection)).toBeUndefined();

    await observer.manager.streams.add({ name: 'RECALLD_EVENTS', subjects: ['recalld.events.>'] });
    observer.nats.publish('recalld.events.a.b.message.recalled', 'no envelope of recalld');
    await observer.nats.flush();
    const stream = await openEventStream(connection);
    expect(stream).toMatchObject({ lastPosition: 0, from: null, to: null });
    expect(await all(stream?.after(0))).toEqual([]);
  });
});
