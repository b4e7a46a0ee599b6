import { expireAttachments, expireMessages, limits, purgeAttachments } from '@recalld/domain';
import type { AttachmentBytes, Clock, CommandLoop, Log, Signals, StoragePorts } from '@recalld/domain';
import { createTicker } from './ticker.js';

export interface WorkersDeps {
  readonly storage: StoragePorts;
  readonly bytes: AttachmentBytes;
  readonly loop: CommandLoop;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly log: Log;
  /** How long attachments are kept, ms; null: for ever. */
  readonly attachmentRetentionMs: number | null;
}

/** Work that follows from events and from time, in the background. */
export interface Workers {
  start(): void;
  /** Resolves when the work under way has ended. */
  stop(): Promise<void>;
}

/** Rows in one piece of work: small enough to leave the command loop to the requests. */
const batchRows = 100;
const hintGapMs = 100;

/** The purge of condemned attachments, and the expiry of messages and attachments. */
export function createWorkers(deps: WorkersDeps): Workers {
  const { storage, bytes, loop, clock, signals, log } = deps;
  const { attachments, expired } = storage;
  const timing = { intervalMs: limits.sweepIntervalMs, gapMs: hintGapMs, log };
  const purge = createTicker({
    ...timing,
    name: 'purge attachments',
    run: async () => (await purgeAttachments({ attachments, bytes, loop, clock }, batchRows)) === batchRows,
  });
  const expireBodies = createTicker({
    ...timing,
    name: 'expire messages',
    run: async () => (await expireMessages({ expired, loop, clock }, batchRows)) === batchRows,
  });
  const expireFiles = createTicker({
    ...timing,
    name: 'expire attachments',
    run: async () => {
      if (deps.attachmentRetentionMs === null) return false;
      const before = clock.now() - deps.attachmentRetentionMs;
      return (await expireAttachments({ attachments, bytes }, before, batchRows)) === batchRows;
    },
  });
  const tickers = [purge, expireBodies, expireFiles];
  let deafen = () => undefined as void;
  return {
    start() {
      deafen = signals.listen((topic) => {
        if (topic === 'attachmentsCondemned') purge.wake();
      });
      for (const ticker of tickers) ticker.start();
    },
    async stop() {
      deafen();
      await Promise.all(tickers.map((ticker) => ticker.stop()));
    },
  };
}
