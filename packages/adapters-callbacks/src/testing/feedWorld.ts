import type { App, RecordedEvent } from '@recalld/domain';
import { createFixedClock, recallSample, sendSample } from '@recalld/domain/testing';
import { connect } from 'nats';
import type { StoredMsg } from 'nats';
import { createFeedPublisher } from '../nats/feedPublisher.js';
import type { FeedDeps, FeedPublisherDeps } from '../nats/feedPublisher.js';
import type { NatsLink } from '../nats/link.js';
import { keptLog } from './natsWorld.js';
import { appSample, ruleSample, sampleOrigin } from './samples.js';
import { until } from './until.js';
import { createWorld } from './world.js';

/** A world whose log is published: one app with a rule of every dialect. */
export async function createFeedWorld() {
  const clock = createFixedClock(Date.now());
  const world = createWorld(clock);
  const { storage, loop, ids, requests, signals } = world;
  const log = keptLog();
  // As the server does it: whatever makes a delivery here is in a feed too.
  signals.listen((topic) => {
    if (topic === 'deliveriesDue') signals.announce(['eventsRecorded']);
  });
  const app = await makeApp('im', 1_400_000_000);

  async function makeApp(name: string, sdkAppId: number | null): Promise<App> {
    const made = await storage.apps.create(appSample({ name, sdkAppId, clientId: `client of ${name}` }));
    if (typeof made === 'string') throw new Error(made);
    for (const dialect of ['easemob', 'tencent', 'native'] as const) {
      const id = `${dialect}-${name}`;
      const url = `https://backend.example.com/${dialect}?own=1`;
      const rule = ruleSample({ id, name: id, app: made.no, dialect, url, sealedSecret: 'token' });
      await storage.rules.create(rule);
    }
    return made;
  }

  /** Sends a message and takes it back. */
  async function sendAndRecall(of: App = app): Promise<void> {
    const msgId = ids.next();
    const now = clock.now();
    await loop.submit([sendSample({ app: of.no, msgId, origin: sampleOrigin, now })]);
    const recall = { app: of.no, msgId, recallId: ids.next(), origin: sampleOrigin, now };
    await loop.submit([recallSample(recall)]);
  }

  async function changePolicy(windowSeconds: number, of: App = app): Promise<void> {
    const { no } = of;
    const change = { enabled: true, windowSeconds, retentionMs: null, by: 'admin', now: clock.now() };
    await loop.submit([{ type: 'ChangeRecallPolicy', app: no, ...change }]);
  }

  function deps(link: NatsLink, change: Partial<FeedPublisherDeps> = {}): FeedPublisherDeps & FeedDeps {
    return {
      link,
      eventLog: storage.log,
      checkpoints: storage.checkpoints,
      leases: storage.leases,
      apps: storage.apps,
      deliveryReader: storage.deliveryReader,
      requests,
      signals,
      clock,
      log,
      ...change,
    };
  }

  async function wholeLog(): Promise<readonly RecordedEvent[]> {
    return (await storage.log.read({ after: 0, limit: 1_000_000 })).events;
  }

  /** Positions of the log's recalls: what both feeds tell. */
  async function recallPositions(): Promise<readonly number[]> {
    return (await wholeLog())
      .filter(({ type }) => type === 'MessageRecalled')
      .map(({ position }) => position);
  }

  return {
    ...world,
    log,
    clock,
    app,
    makeApp,
    sendAndRecall,
    changePolicy,
    deps,
    wholeLog,
    recallPositions,
    publisher: (link: NatsLink, change: Partial<FeedPublisherDeps> = {}) =>
      createFeedPublisher(deps(link, change)),
  };
}

export type FeedWorld = Awaited<ReturnType<typeof createFeedWorld>>;

/** One stored message, as an outsider reads it. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly id: string;
  readonly position: number;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** Somebody at the broker who is no part of the product. */
export async function openObserver(url: string) {
  const nats = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const manager = await nats.jetstreamManager({ checkAPI: false });

  async function stored(stream: string): Promise<readonly Stored[]> {
    const { state } = await manager.streams.info(stream);
    const messages: Stored[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq }).catch(() => undefined);
      if (message !== undefined) messages.push(outside(message));
    }
    return messages;
  }

  /** Waits until a stream has a message of each of the positions. */
  async function covers(stream: string, positions: readonly number[], deadlineMs = 15_000): Promise<void> {
    const wanted = async () => {
      const there = new Set((await stored(stream).catch(() => [])).map(({ position }) => position));
      return positions.every((position) => there.has(position));
    };
    await until(`${stream} has everything`, wanted, deadlineMs);
  }

  /** What a stored message counts against the stream's limit of a message. */
  async function bytesOf(stream: string, seq: number): Promise<number> {
    const { header, data } = await manager.streams.getMessage(stream, { seq });
    const lines = header.keys().map((name) => `${name}: ${header.get(name)}\r\n`);
    return `NATS/1.0\r\n${lines.join('')}\r\n`.length + data.length;
  }

  return { nats, manager, stored, covers, bytesOf, close: () => nats.close() };
}

export type Observer = Awaited<ReturnType<typeof openObserver>>;

function outside({ seq, subject, header, data }: StoredMsg): Stored {
  return {
    seq,
    subject,
    id: header?.get('Nats-Msg-Id') ?? '',
    position: Number(header?.get('Recalld-Position') ?? 0),
    header: (name) => header?.get(name),
    body: new TextDecoder().decode(data),
  };
}
