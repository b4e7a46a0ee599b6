import { callbackRuleStream, limits, rateWindowKeptMs, settle } from '@recalld/domain';
import type { AttemptOutcome, Topic } from '@recalld/domain';
import {
  attemptSample,
  createMemoryAttachmentBytes,
  createMemorySignals,
  createMemoryStorage,
  createWorld,
  ruleSample,
} from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorkers } from './workers.js';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const dayMs = 86_400_000;
/** Longer than hints are gathered, shorter than the sweep. */
const soonMs = 1_000;

describe('the workers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    expect(log.error).not.toHaveBeenCalled();
  });

  /** A rule, what its workers announce, and workers that have made their first round. */
  async function given(deliveryRetentionMs: number | null = null) {
    const world = await createWorld(createMemoryStorage());
    const { ports: storage, loop, clock, app } = world;
    await storage.rules.create(ruleSample(app.no, 'r1'));
    const signals = createMemorySignals();
    const announced: Topic[] = [];
    signals.listen((topic) => announced.push(topic));
    const workers = createWorkers({
      storage,
      bytes: createMemoryAttachmentBytes(),
      loop,
      clock,
      signals,
      log,
      attachmentRetentionMs: null,
      deliveryRetentionMs,
    });
    workers.start();
    await vi.advanceTimersByTimeAsync(soonMs);

    /** One more callback, and how its only attempt ended; answers the delivery's id. */
    async function attempt(outcome: AttemptOutcome): Promise<string> {
      await world.recall(await world.send());
      const now = clock.now();
      const rules = [{ ruleId: 'r1', max: 1 }];
      const [claimed] = await storage.deliveries.claim({ rules, owner: 'me', now, leaseMs: 1_000 });
      if (claimed === undefined) throw new Error('nothing is due');
      const state = settle(claimed.state, outcome, now, 0.5);
      const settled = { id: claimed.id, owner: 'me', state, attempt: attemptSample({ requestedAt: now }) };
      await storage.deliveries.settle([settled], now);
      return claimed.id;
    }
    return { ...world, storage, signals, announced, workers, attempt };
  }
  const refused = { kind: 'refused', retryAfterMs: null } as const;

  it('given a rule that was suspended, then its owner is told soon after the signal, once', async () => {
    const { attempt, clock, storage, signals, app } = await given();
    await attempt(refused);
    clock.advance(limits.suspendAfterMs);
    await attempt(refused);

    signals.announce(['ruleHealthChanged']);
    await vi.advanceTimersByTimeAsync(soonMs);
    const told = () => storage.log.ofStream(app.no, callbackRuleStream('r1'));
    expect((await told()).map(({ type }) => type)).toEqual(['CallbackRuleSuspended']);
    await vi.advanceTimersByTimeAsync(2 * limits.sweepIntervalMs);
    expect(await told()).toHaveLength(1);
  });

  it('given windows of rates that are over, then they are forgotten', async () => {
    const { storage, clock, app } = await given();
    const use = { limit: 'requestsPerSecond', user: null, count: 1, max: 1 } as const;
    await storage.rateLimits.take(app.no, [use], clock.now());
    clock.advance(rateWindowKeptMs + 1);

    await vi.advanceTimersByTimeAsync(60_000);

    expect(await storage.rateLimits.forget(clock.now(), 10)).toBe(0);
  });

  it('given devices that were not seen for long, then they are forgotten, but for the user’s last one', async () => {
    const { storage, clock, app } = await given();
    for (const device of ['old phone', 'phone']) {
      const key = { app: app.no, user: 'u1', device };
      const session = { session: device, node: 'n1', platform: 'Web', now: clock.now() };
      await storage.devices.begin(key, session);
      clock.advance(1_000);
      await storage.devices.end([{ ...key, session: device, now: clock.now() }]);
    }
    const known = async () => (await storage.devices.list(app.no, 'u1')).map(({ device }) => device);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await known()).toEqual(['phone', 'old phone']);

    clock.advance(limits.deviceKeptMs + 1_000);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await known()).toEqual(['phone']);
  });

  it('given keys of old messages, then they are forgotten, and newer ones are known', async () => {
    const { storage, clock, app, send } = await given();
    await send({ retryKey: 'old' });
    clock.advance(limits.retryKeptMs);
    const msgId = await send({ retryKey: 'new' });

    await vi.advanceTimersByTimeAsync(60_000);

    expect(await storage.retryKeys.find(app.no, 'old')).toBeUndefined();
    expect(await storage.retryKeys.find(app.no, 'new')).toMatchObject({ msgId });
  });

  it('given a redelivery, then it is queued soon after the signal, and workers are called', async () => {
    const { attempt, clock, storage, signals, announced, app } = await given();
    const id = await attempt({ kind: 'accepted' });
    const selection = { kind: 'named', ids: [id] } as const;
    await storage.redeliveries.start({ id: 'j1', app: app.no, selection, createdAt: clock.now() });

    signals.announce(['redeliveriesStarted']);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(await storage.redeliveries.find(app.no, 'j1')).toMatchObject({
      queued: 1,
      finishedAt: clock.now(),
    });
    expect(announced).toEqual(['redeliveriesStarted', 'deliveriesDue']);
  });

  it('given a redelivery that nobody announced, then the sweep finds it', async () => {
    const { attempt, clock, storage, app } = await given();
    const selection = { kind: 'named', ids: [await attempt({ kind: 'accepted' })] } as const;
    await storage.redeliveries.start({ id: 'j1', app: app.no, selection, createdAt: clock.now() });

    await vi.advanceTimersByTimeAsync(limits.sweepIntervalMs + soonMs);
    expect(await storage.redeliveries.find(app.no, 'j1')).toMatchObject({ queued: 1 });
  });

  it('given a rebuild of the read models, then it goes on to its end soon after the signal', async () => {
    const { send, clock, storage, signals } = await given();
    for (let n = 0; n < 500; n += 1) await send();
    await storage.readModels.start(clock.now());

    signals.announce(['rebuildStarted']);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(await storage.readModels.state()).toMatchObject({ position: 500, finishedAt: clock.now() });
  });

  it('given a retention of deliveries, then what was delivered before it is forgotten', async () => {
    const { attempt, clock, storage, app } = await given(30 * dayMs);
    const old = await attempt({ kind: 'accepted' });
    clock.advance(30 * dayMs);
    const young = await attempt({ kind: 'accepted' });

    await vi.advanceTimersByTimeAsync(60_000);
    expect(await storage.deliveryReader.find(app.no, old)).toBeUndefined();
    expect(await storage.deliveryReader.find(app.no, young)).toBeDefined();
  });

  it('given none, then everything is kept', async () => {
    const { attempt, clock, storage, app } = await given(null);
    const old = await attempt({ kind: 'accepted' });
    clock.advance(10_000 * dayMs);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(await storage.deliveryReader.find(app.no, old)).toBeDefined();
  });

  it('given a stop while a chore hangs, then it waits for the chore no longer than it may', async () => {
    const { storage, workers } = await given(30 * dayMs);
    const forget = vi.spyOn(storage.finishedDeliveries, 'forget');
    forget.mockReturnValue(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(60_000);
    const goOn = forget.mock.lastCall?.[2];
    expect(goOn?.()).toBe(true);

    const stopped = vi.fn();
    void workers.stop(3_000).then(stopped);
    expect(goOn?.()).toBe(false);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(stopped).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toHaveBeenCalledOnce();
  });

  it('given a stop amid a redelivery, then it ends between two steps', async () => {
    const { attempt, clock, storage, signals, workers, app } = await given();
    for (let n = 0; n < 2; n += 1) {
      const selection = { kind: 'named', ids: [await attempt({ kind: 'accepted' })] } as const;
      await storage.redeliveries.start({ id: `j${n}`, app: app.no, selection, createdAt: clock.now() + n });
    }
    const step = vi.spyOn(storage.redeliveries, 'step');
    signals.announce(['redeliveriesStarted']);
    await vi.waitFor(() => expect(step).toHaveBeenCalledOnce());

    await workers.stop(1_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(step).toHaveBeenCalledOnce();
    expect(await storage.redeliveries.find(app.no, 'j1')).toMatchObject({ queued: 0, finishedAt: null });
  });

  it('given a stop, then no signal starts anything any more', async () => {
    const { attempt, clock, storage, signals, workers, app } = await given();
    const selection = { kind: 'named', ids: [await attempt({ kind: 'accepted' })] } as const;
    await storage.redeliveries.start({ id: 'j1', app: app.no, selection, createdAt: clock.now() });

    await workers.stop(1_000);
    signals.announce(['redeliveriesStarted']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await storage.redeliveries.find(app.no, 'j1')).toMatchObject({ queued: 0, finishedAt: null });
  });
});
