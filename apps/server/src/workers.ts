import {
  expireAttachments,
  expireMessages,
  limits,
  purgeAttachments,
  tellRuleHealths,
} from '@recalld/domain';
import type { AttachmentBytes, Clock, CommandLoop, Log, Signals, StoragePorts, Topic } from '@recalld/domain';
import { createTicker } from './ticker.js';
import type { TickerOptions } from './ticker.js';

export interface WorkersDeps {
  readonly storage: StoragePorts;
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

/** Work in the background. */
export interface Worker {
  start(): void;
  /** Resolves when the work under way has ended, or was cut off and will be done again. */
  stop(deadlineMs: number): Promise<void>;
}

/** Work that is done in small steps, soon after its topic was announced and at an interval. */
interface Chore extends Pick<TickerOptions, 'name' | 'run'> {
  readonly topic?: Topic;
  readonly intervalMs?: number;
}

/** Rows in one piece of work: small enough to leave the command loop to the requests. */
const batchRows = 100;
const redeliveryRows = 500;
const forgottenRows = 500;
const hintGapMs = 100;
/** Nobody waits for what is forgotten. */
const forgetIntervalMs = 60_000;

/** What follows from events and from time: purges, expiry, redeliveries, news about rules. */
export function createWorkers(deps: WorkersDeps): Worker {
  const { signals, log } = deps;
  const chores = [...contentChores(deps), ...callbackChores(deps)].map((chore) => ({
    topic: chore.topic,
    ticker: createTicker({ intervalMs: limits.sweepIntervalMs, gapMs: hintGapMs, log, ...chore }),
  }));
  let deafen = () => undefined as void;
  return {
    start() {
      deafen = signals.listen((heard) => {
        for (const { topic, ticker } of chores) if (topic === heard) ticker.wake();
      });
      for (const { ticker } of chores) ticker.start();
    },
    async stop(deadlineMs) {
      deafen();
      await Promise.all(chores.map(({ ticker }) => ticker.stop(deadlineMs)));
    },
  };
}

function contentChores(deps: WorkersDeps): readonly Chore[] {
  const { storage, bytes, loop, clock, attachmentRetentionMs } = deps;
  const { attachments, expired } = storage;
  return [
    {
      name: 'purge attachments',
      topic: 'attachmentsCondemned',
      run: async () => (await purgeAttachments({ attachments, bytes, loop, clock }, batchRows)) === batchRows,
    },
    {
      name: 'expire messages',
      run: async () => (await expireMessages({ expired, loop, clock }, batchRows)) === batchRows,
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
  const { ruleHealths, redeliveries, finishedDeliveries } = storage;
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
    ...keptFor(deliveryRetentionMs, (ms) => ({
      name: 'forget finished deliveries',
      intervalMs: forgetIntervalMs,
      run: async (goOn) =>
        (await finishedDeliveries.forget(clock.now() - ms, forgottenRows, goOn)) === forgottenRows,
    })),
  ];
}

/** What is kept for ever needs no work. */
function keptFor(retentionMs: number | null, chore: (retentionMs: number) => Chore): readonly Chore[] {
  return retentionMs === null ? [] : [chore(retentionMs)];
}
