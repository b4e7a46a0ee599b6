import { limits } from '@recalld/domain';
import type { LiveUpdates, Log, Signals } from '@recalld/domain';
import { createTicker } from './ticker.js';
import type { Worker } from './workers.js';

export interface LiveWorkerDeps {
  readonly live: Pick<LiveUpdates, 'step'>;
  readonly signals: Pick<Signals, 'listen'>;
  readonly log: Log;
  /** How often it looks although no signal came, ms. */
  readonly sweepIntervalMs?: number;
}

/** Between two looks: what comes meanwhile is read in one, and requests have their turn. */
const gapMs = 2;

/**
 * Tells those who are connected to this node what the log got, from whichever node. Each node does so
 * for itself: soon after a signal, and in sweeps that find what no signal told of.
 */
export function createLiveWorker({ live, signals, log, sweepIntervalMs }: LiveWorkerDeps): Worker {
  const ticker = createTicker({
    name: 'tell connected clients',
    intervalMs: sweepIntervalMs ?? limits.liveSweepMs,
    gapMs,
    log,
    run: () => live.step(),
  });
  let deafen = () => undefined as void;
  return {
    start() {
      deafen = signals.listen((topic) => {
        if (topic === 'liveNews') ticker.wake();
      });
      ticker.start();
    },
    async stop(deadlineMs) {
      deafen();
      await ticker.stop(deadlineMs);
    },
  };
}
