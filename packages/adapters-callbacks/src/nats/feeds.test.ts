import { connect } from 'nats';
import { describe, expect, it } from 'vitest';
import { envelopeOf } from '../dialects/native/envelope.js';
import { createFeedWorld, openObserver } from '../testing/feedWorld.js';
import type { FeedWorld } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { feedLimits } from './feedStreams.js';

const { broker, link, afterwards } = useClosing();

async function observed(url: string) {
  const observer = await openObserver(url);
  afterwards(() => observer.close());
  return observer;
}

/** A running publisher of a world, and somebody who looks at the broker. */
async function published(world: FeedWorld, url: string) {
  const publisher = world.publisher(link(url));
  publisher.start();
  afterwards(() => publisher.stop(1_000));
  return { publisher, observer: await observed(url) };
}

describe.skipIf(noNatsServer)('the events feed', () => {
  it('is the public events of all apps in the order of the log, as native rules get them', async () => {
    const world = await createFeedWorld();
    const other = await world.makeApp('other_app-2', null);
    const { observer } = await published(world, (await broker()).url);

    await world.sendAndRecall();
    await world.changePolicy(60, other);
    await world.sendAndRecall(other);

    const log = await world.wholeLog();
    const told = log.filter(({ type }) => type !== 'MessageSent');
    await observer.covers(
      'RECALLD_EVENTS',
      told.map(({ position }) => position),
    );
    const stored = await observer.stored('RECALLD_EVENTS');
    expect(stored.map(({ subject }) => subject)).toEqual([
      'recalld.events.acme.im.message.recalled',
      'recalld.events.acme.other_app-2.recall_policy.changed',
      'recalld.events.acme.other_app-2.message.recalled',
    ]);
    const apps = [world.app, other, other];
    const envelopes = told.map((event, index) => envelopeOf(apps[index] ?? other, event));
    expect(stored.map(({ body }) => body)).toEqual(envelopes.map((envelope) => JSON.stringify(envelope)));
    expect(stored.map(({ id }) => id)).toEqual(envelopes.map((envelope) => envelope?.id));
    expect(stored.map(({ position }) => position)).toEqual(told.map(({ position }) => position));
    expect(stored[0]?.header('Content-Type')).toBe('application/cloudevents+json');
  });

  it('keeps the order through thousands', async () => {
    const world = await createFeedWorld();
    const { observer } = await published(world, (await broker()).url);

    await world.recall(world.app, 1_500);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await world.recall(world.app, 500);

    const positions = await world.recallPositions();
    await observer.covers('RECALLD_EVENTS', positions);
    const stored = await observer.stored('RECALLD_EVENTS');
    expect(stored.map(({ position }) => position)).toEqual(positions);
    expect(await world.storage.checkpoints.read('nats-events')).toBe(positions.at(-1));
  });
});

describe.skipIf(noNatsServer)('the callbacks feed', () => {
  it('is each vendor’s callback as HTTP receivers get it, and none of native rules', async () => {
    const world = await createFeedWorld();
    const { observer } = await published(world, (await broker()).url);

    await world.sendAndRecall();

    await observer.covers('RECALLD_CALLBACKS', await world.recallPositions());
    const stored = await observer.stored('RECALLD_CALLBACKS');
    const deliveries = (await world.deliveries(world.app)).filter(({ rule }) => rule.dialect !== 'native');
    const requests = await Promise.all(deliveries.map((delivery) => world.requests.render(delivery)));
    expect(stored).toHaveLength(2);
    for (const [index, { id, rule }] of deliveries.entries()) {
      const message = stored.find((one) => one.id === id);
      expect(message?.subject).toBe(`recalld.callbacks.acme.im.${rule.dialect}`);
      expect(message?.body).toBe(requests[index]?.body);
      expect(message?.header('Content-Type')).toBe('application/json');
      expect(message?.header('Recalld-Rule')).toBe(rule.id);
      const query = new URL(requests[index]?.url ?? '').search.slice(1);
      expect(message?.header('Recalld-Query')).toBe(rule.dialect === 'tencent' ? query : '');
    }
    expect(stored.map((one) => one.header('Recalld-Query')).join('')).toMatch(
      /^own=1&SdkAppid=1400000000&.*&Sign=[0-9a-f]{64}&RequestTime=[0-9]+$/,
    );
  });

  it('has the test of a rule too, which the events feed has not', async () => {
    const world = await createFeedWorld();
    const { observer } = await published(world, (await broker()).url);
    const { app, clock, ids } = world;
    const origin = { via: 'admin', platform: 'RESTAPI', ip: '192.0.2.7' } as const;
    const test = { ruleId: 'easemob-im', ruleName: 'easemob-im', origin, by: 'admin', now: clock.now() };

    await world.loop.submit([
      { type: 'TestCallbackRule', app: app.no, msgId: ids.next(), recallId: ids.next(), ...test },
    ]);

    const [event] = await world.wholeLog();
    await observer.covers('RECALLD_CALLBACKS', [event?.position ?? -1]);
    const [message] = await observer.stored('RECALLD_CALLBACKS');
    expect(message?.subject).toBe('recalld.callbacks.acme.im.easemob');
    expect(await observer.stored('RECALLD_EVENTS').catch(() => [])).toEqual([]);
  });

  it('leaves out what cannot be rendered, says so, and goes on', async () => {
    const world = await createFeedWorld();
    const lost = await world.makeApp('lost', 1_400_000_001);
    await world.storage.apps.changeCredentials(lost.no, { sdkAppId: null });
    const { observer } = await published(world, (await broker()).url);

    await world.sendAndRecall(lost);
    await world.sendAndRecall();

    await observer.covers('RECALLD_CALLBACKS', (await world.recallPositions()).slice(1));
    const stored = await observer.stored('RECALLD_CALLBACKS');
    expect(stored.map(({ subject }) => subject).toSorted()).toEqual([
      'recalld.callbacks.acme.im.easemob',
      'recalld.callbacks.acme.im.tencent',
      'recalld.callbacks.acme.lost.easemob',
    ]);
    const said = world.log.lines.filter((line) => line.includes('cannot be rendered'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^a callback cannot be rendered and is not published .*tencent-lost/);
  });

  it('leaves out nothing while the store does not answer', async () => {
    const world = await createFeedWorld();
    await world.sendAndRecall();
    const { url } = await broker();
    let answers = false;
    const fault =
      <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
      (...args: A) =>
        answers ? work(...args) : Promise.reject(new Error('the store is away'));
    const { deliveryReader } = world.storage;
    const publisher = world.publisher(link(url), {
      requests: { render: fault(world.requests.render) },
      deliveryReader: { startingAt: fault(deliveryReader.startingAt) },
    });
    afterwards(() => publisher.stop(1_000));
    publisher.start();
    const observer = await observed(url);
    await observer.covers('RECALLD_EVENTS', await world.recallPositions());

    expect(publisher.lag().callbacks.streaming).toBe(false);
    answers = true;

    await observer.covers('RECALLD_CALLBACKS', await world.recallPositions());
    expect(await observer.stored('RECALLD_CALLBACKS')).toHaveLength(2);
  });
});

describe.skipIf(noNatsServer)('the streams and consumers', () => {
  it('are made with stated limits, and a consumer per app', async () => {
    const world = await createFeedWorld();
    const { url } = await broker();
    const publisher = world.publisher(link(url), { streams: { bytesMax: 10_000_000 } });
    publisher.start();
    afterwards(() => publisher.stop(1_000));
    const observer = await observed(url);

    await world.sendAndRecall();

    for (const stream of ['RECALLD_EVENTS', 'RECALLD_CALLBACKS']) {
      await observer.covers(stream, await world.recallPositions());
      const { config } = await observer.manager.streams.info(stream);
      const word = stream === 'RECALLD_EVENTS' ? 'events' : 'callbacks';
      expect(config).toMatchObject({
        subjects: [`recalld.${word}.>`],
        storage: 'file',
        retention: 'limits',
        discard: 'old',
        max_age: 7 * 86_400 * 1e9,
        max_bytes: 10_000_000,
        max_msg_size: feedLimits.messageBytesMax,
        duplicate_window: 120e9,
        num_replicas: 1,
      });
      const consumer = await observer.manager.consumers.info(stream, 'acme#im');
      expect(consumer.config).toMatchObject({
        durable_name: 'acme#im',
        filter_subject: word === 'events' ? 'recalld.events.acme.im.>' : 'recalld.callbacks.acme.im.*',
        deliver_policy: 'all',
        ack_policy: 'explicit',
        ack_wait: 30e9,
        max_ack_pending: 1_000,
      });
    }
  });

  it('keep what their operator gave them; a missing subject is added', async () => {
    const world = await createFeedWorld();
    const { url } = await broker();
    const observer = await observed(url);
    const own = { max_msgs: 5_000, duplicate_window: 60e9 };
    await observer.manager.streams.add({ ...own, name: 'RECALLD_EVENTS', subjects: ['mine.>'] });
    await observer.manager.streams.add({ name: 'RECALLD_CALLBACKS', subjects: ['recalld.callbacks.>'] });
    await observer.manager.consumers.add('RECALLD_EVENTS', {
      durable_name: 'acme#im',
      ack_policy: 'explicit' as never,
      ack_wait: 5e9,
    });
    const publisher = world.publisher(link(url));
    publisher.start();
    afterwards(() => publisher.stop(1_000));

    await world.sendAndRecall();

    await observer.covers('RECALLD_EVENTS', await world.recallPositions());
    const { config } = await observer.manager.streams.info('RECALLD_EVENTS');
    expect(config).toMatchObject({ ...own, subjects: ['mine.>', 'recalld.events.>'], max_bytes: -1 });
    const consumer = await observer.manager.consumers.info('RECALLD_EVENTS', 'acme#im');
    expect(consumer.config.ack_wait).toBe(5e9);
  });

  it('let a backend with the right to nothing else take its app’s messages, and no other’s', async () => {
    const may = ['EVENTS', 'CALLBACKS'].flatMap((word) => [
      `$JS.API.CONSUMER.INFO.RECALLD_${word}.acme#im`,
      `$JS.API.CONSUMER.MSG.NEXT.RECALLD_${word}.acme#im`,
      `$JS.ACK.RECALLD_${word}.acme#im.>`,
    ]);
    const backend = `{ user: backend, password: b, permissions: { publish: ${JSON.stringify(may)}, subscribe: ["_INBOX.>"] } }`;
    const server = await broker({
      config: `authorization { users: [ { user: recalld, password: r }, ${backend} ] }`,
    });
    const world = await createFeedWorld();
    const other = await world.makeApp('other', 1_400_000_001);
    const url = server.url.replace('nats://', 'nats://recalld:r@');
    const publisher = world.publisher(link(url));
    publisher.start();
    afterwards(() => publisher.stop(1_000));
    await world.sendAndRecall(other);
    await world.sendAndRecall();

    const nats = await connect({ servers: server.url, user: 'backend', pass: 'b' });
    afterwards(() => nats.close());
    const take = async (stream: string, count: number) => {
      const consumer = await eventually(() => nats.jetstream().consumers.get(stream, 'acme#im'));
      const subjects: string[] = [];
      while (subjects.length < count) {
        const message = await consumer.next();
        subjects.push(message?.subject ?? 'none came');
        await message?.ackAck();
      }
      expect((await consumer.info()).num_pending).toBe(0);
      return subjects;
    };

    const subjects = [...(await take('RECALLD_EVENTS', 1)), ...(await take('RECALLD_CALLBACKS', 2))];
    expect(subjects.toSorted()).toEqual([
      'recalld.callbacks.acme.im.easemob',
      'recalld.callbacks.acme.im.tencent',
      'recalld.events.acme.im.message.recalled',
    ]);
    await expect(nats.jetstream().consumers.get('RECALLD_EVENTS', 'acme#other')).rejects.toThrow();
  });
});

/** The first answer that is not a failure. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (err) {
      if (tries === 100) throw err;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
