import { randomUUID } from 'node:crypto';
import {
  createLeaseHolder,
  expireAttachments,
  limits,
  purgeAttachments,
  rateWindowKeptMs,
  tellRuleHealths,
} from '@recalld/domain';
import type {
  AttachmentBytes,
  Clock,
  CommandLoop,
  LeaseHolder,
  Log,
  Signals,
  StoragePorts,
  Topic,
} from '@recalld/domain';
import { createTicker } from './ticker.js';
import type { Ticker, TickerOptions } from './ticker.js';
import { within } from './within.js';

export interface WorkersDeps {
  readonly storage: StoragePorts;
  /** What the storage needs done now and then; `run` answers whether there is more to do now. */
  readonly upkeep?: readonly Upkeep[];
  readonly bytes: AttachmentBytes;
  readonly loop: CommandLoop;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly log: Log;
  /** How long attachments are kept, ms; null: for ever. */
  readonly attachmentRetentionMs: number | null;
  /** How long attempts and finished deliveries are kept, ms; null: for ever. */
  readonly deliveryRetentionMs: number | null;
}

export interface Upkeep {
  readonly name: string;
  readonly intervalMs: number;
  run(): Promise<boolean>;
}

/** Work in the background. */
export interface Worker {
  start(): void;
  /** Resolves when the work under way has ended, or was cut off and will be done again. */
  stop(deadlineMs: number): Promise<void>;
}

/** Work that is done in small steps, soon after its topic was announced and at an interval. */
interface Chore extends Pick<TickerOptions, 'name' | 'run'> {
  readonly gapMs?: number;
  readonly topic?: Topic;
  readonly intervalMs?: number;
}

/** Rows in one piece of work: small enough to leave the command loop to the requests. */
const batchRows = 100;
const redeliveryRows = 500;
const forgottenRows = 500;
const givenUpRows = 500;
/** A few ms of the one connection that writes. */
const rebuiltRows = 100;
/** As long again as a step takes, about: whoever rebuilds leaves room for the others. */
const rebuildGapMs = 5;
const hintGapMs = 100;
/** Nobody waits for what is forgotten or given up. */
const forgetIntervalMs = 60_000;
const rateWindowRows = 1_000;

/**
 * What follows from events and from time: purges, expiry, redeliveries, news about rules, and what the
 * storage needs. One node at a time does it, whoever holds the lease; a signal wakes it there, and a
 * dead node's work goes on elsewhere within twenty seconds.
 *
 * A node that was stopped in the middle of a step may still end that step beside the new holder. So
 * each does no harm twice:
 * - purges and expiry destroy bytes again, which is nothing, and submit commands that add no event in
 *   the state that they produced; the streams' versions keep two nodes apart.
 * - news about a rule are such commands too; a word that came late is corrected by `told`.
 * - a redelivery's step is one transaction that starts where the last one came to.
 * - a rebuild's step waits for the one under way, and starts where that one came to.
 * - deliveries of removed rules that are given up are given up for good.
 * - forgetting deletes by age what is still there, in transactions of its own.
 */
export function createWorkers(deps: WorkersDeps): Worker {
  const { storage, upkeep = [], signals, log } = deps;
  const holder = createLeaseHolder({
    leases: storage.leases,
    name: 'chores',
    owner: randomUUID(),
    elapsedMs: () => performance.now(),
  });
  const mayGoOn = () => holder.state() === 'mine';
  const chores = [
    ...contentChores(deps),
    ...callbackChores(deps),
    rebuildChore(deps),
    rateWindowChore(deps),
    ...clientChores(deps),
    ...upkeep,
  ].map((chore: Chore) => ({
    topic: chore.topic,
    ticker: createTicker({
      intervalMs: limits.sweepIntervalMs,
      gapMs: hintGapMs,
      log,
      ...chore,
      run: async (goOn) => mayGoOn() && (await chore.run(() => goOn() && mayGoOn())),
    }),
  }));
  const keeper = createKeeper(holder, log, () => {
    for (const { ticker } of chores) ticker.wake();
  });
  let deafen = () => undefined as void;

  async function windDown(deadlineMs: number): Promise<void> {
    await Promise.all([keeper, ...chores.map(({ ticker }) => ticker)].map(({ stop }) => stop(deadlineMs)));
    await holder.giveUp().catch((err: unknown) => {
      log.warn({ err }, 'the lease of background work was not given back; it ends by itself');
    });
  }

  return {
    start() {
      deafen = signals.listen((heard) => {
        for (const { topic, ticker } of chores) if (topic === heard) ticker.wake();
      });
      for (const { ticker } of chores) ticker.start();
      keeper.start();
    },
    async stop(deadlineMs) {
      deafen();
      await within(deadlineMs, windDown(deadlineMs));
    },
  };
}

/** Takes the lease as soon as it is free and keeps it; `onTaken` hears when this node has got it. */
function createKeeper(holder: LeaseHolder, log: Log, onTaken: () => void): Ticker {
  return createTicker({
    name: 'hold the lease of background work',
    intervalMs: limits.workLeaseBeatMs,
    gapMs: limits.workLeaseAskMs,
    log,
    run: async () => {
      const before = holder.state();
      await holder.renew();
      const after = holder.state();
      if (after === 'mine' && before !== 'mine') onTaken();
      return after !== 'mine';
    },
  });
}

function contentChores(deps: WorkersDeps): readonly Chore[] {
  const { storage, bytes, loop, clock, attachmentRetentionMs } = deps;
  const { attachments } = storage;
  return [
    {
      name: 'purge attachments',
      topic: 'attachmentsCondemned',
      run: async () => (await purgeAttachments({ attachments, bytes, loop, clock }, batchRows)) === batchRows,
    },
    ...keptFor(attachmentRetentionMs, (ms) => ({
      name: 'expire attachments',
      run: async () =>
        (await expireAttachments({ attachments, bytes }, clock.now() - ms, batchRows)) === batchRows,
    })),
  ];
}

function callbackChores(deps: WorkersDeps): readonly Chore[] {
  const { storage, loop, clock, signals, deliveryRetentionMs } = deps;
  const { rules, ruleHealths, redeliveries, finishedDeliveries } = storage;
  return [
    {
      name: 'tell of suspended rules',
      topic: 'ruleHealthChanged',
      run: async () => (await tellRuleHealths({ ruleHealths, loop, clock }, batchRows)) === batchRows,
    },
    {
      name: 'redeliver',
      topic: 'redeliveriesStarted',
      run: async () => {
        const { more, queued } = await redeliveries.step(clock.now(), redeliveryRows);
        if (queued) signals.announce(['deliveriesDue']);
        return more;
      },
    },
    {
      name: 'give up deliveries of removed rules',
      intervalMs: forgetIntervalMs,
      run: async () => (await rules.giveUpRemoved(givenUpRows)) > 0,
    },
    ...keptFor(deliveryRetentionMs, (ms) => ({
      name: 'forget finished deliveries',
      intervalMs: forgetIntervalMs,
      run: async (goOn) =>
        (await finishedDeliveries.forget(clock.now() - ms, forgottenRows, goOn)) === forgottenRows,
    })),
  ];
}

function rebuildChore({ storage, clock }: WorkersDeps): Chore {
  return {
    name: 'rebuild read models',
    topic: 'rebuildStarted',
    gapMs: rebuildGapMs,
    run: () => storage.readModels.step(clock.now(), rebuiltRows),
  };
}

function rateWindowChore({ storage: { rateLimits }, clock }: WorkersDeps): Chore {
  return {
    name: 'forget rate windows',
    intervalMs: forgetIntervalMs,
    run: async () =>
      (await rateLimits.forget(clock.now() - rateWindowKeptMs, rateWindowRows)) === rateWindowRows,
  };
}

/** What is remembered of clients. */
function clientChores({ storage: { devices, retryKeys }, clock }: WorkersDeps): readonly Chore[] {
  return [
    {
      name: 'forget devices',
      intervalMs: forgetIntervalMs,
      run: async () =>
        (await devices.forget(clock.now() - limits.deviceKeptMs, forgottenRows)) === forgottenRows,
    },
    {
      name: 'forget retry keys',
      intervalMs: forgetIntervalMs,
      run: async () =>
        (await retryKeys.forget(clock.now() - limits.retryKeptMs, forgottenRows)) === forgottenRows,
    },
  ];
}

/** What is kept for ever needs no work. */
function keptFor(retentionMs: number | null, chore: (retentionMs: number) => Chore): readonly Chore[] {
  return retentionMs === null ? [] : [chore(retentionMs)];
}
