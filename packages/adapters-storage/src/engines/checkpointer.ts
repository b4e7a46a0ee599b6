import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Log } from '@recalld/domain';

/** Decides when the WAL goes into the database file, and with it every trace of what was erased. */
export interface Checkpointer {
  /** Told after each commit, with whether it erased content. */
  committed(erased: boolean): void;
  /** Resolves when nothing of what was erased so far is in any file; does not wait for the pace. */
  erasuresDone(): Promise<void>;
  /** Ends the worker. The last checkpoint is the closing connection's own. */
  close(): Promise<void>;
}

export interface CheckpointerDeps {
  readonly file: string;
  /** Of the same file. */
  readonly descriptor: number;
  /** Between two commits; false while somebody reads. */
  readonly truncateWal: () => boolean;
  readonly log: Log | undefined;
}

/** Between two passes of the worker, while there are commits. */
const paceMs = 250;
/** Between two TRUNCATE checkpoints for the sake of erasures: they hold the writer up. */
const truncatePaceMs = 2_000;
/**
 * A WAL of more frames (16 MB) is emptied without any erasure: a long one is slow to read through, and
 * the longer it is, the longer the writer stands still while it goes.
 */
const framesMax = 4_096;
/** Before another try for somebody who waits: a reader was in the way. */
const retryMs = 50;

/**
 * A worker thread copies the WAL into the file meanwhile (PASSIVE), so that the TRUNCATE on the
 * writing connection, the only one that leaves no trace, finds little to do.
 */
export function createCheckpointer(deps: CheckpointerDeps): Checkpointer {
  const { truncateWal, log } = deps;
  const worker = startWorker(deps);
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;
  let closed = false;
  let dirty = false;
  let erasurePending = false;
  let truncatedAt = -Infinity;
  let waiting: (() => void)[] = [];

  function schedule(delayMs: number): void {
    if (closed || timer !== undefined || round !== undefined) return;
    timer = setTimeout(start, delayMs);
    timer.unref();
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (closed || round !== undefined) return;
    dirty = false;
    round = pass().finally(() => {
      round = undefined;
      if (dirty || erasurePending) schedule(waiting.length > 0 ? retryMs : paceMs);
    });
  }

  async function pass(): Promise<void> {
    try {
      const frames = await worker.checkpoint();
      if (closed) return;
      const due = waiting.length > 0 || performance.now() - truncatedAt >= truncatePaceMs;
      if ((erasurePending && due) || frames > framesMax) truncate();
    } catch (fault) {
      log?.error({ fault: String(fault) }, 'a checkpoint failed');
    }
  }

  function truncate(): void {
    if (!truncateWal()) return;
    truncatedAt = performance.now();
    erasurePending = false;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  return {
    committed(erased) {
      dirty = true;
      erasurePending ||= erased;
      schedule(paceMs);
    },
    async erasuresDone() {
      if (!erasurePending) return;
      const done = new Promise<void>((resolve) => waiting.push(resolve));
      start();
      await done;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await round;
      await worker.close();
      for (const resolve of waiting) resolve();
    },
  };
}

interface CheckpointWorker {
  /** Answers how many frames the WAL has; 0 when the thread is gone, and the writer does all of it. */
  checkpoint(): Promise<number>;
  close(): Promise<void>;
}

function startWorker({ file, descriptor, log }: CheckpointerDeps): CheckpointWorker {
  const script = new URL('./checkpointWorker.mjs', import.meta.url);
  const thread = new Worker(script, { workerData: { file, descriptor } });
  let gone = false;
  thread.unref();
  thread.on('error', (fault) => log?.error({ fault: String(fault) }, 'the checkpoint worker failed'));
  thread.on('exit', () => {
    gone = true;
  });
  return {
    async checkpoint() {
      if (gone) return 0;
      thread.postMessage('checkpoint');
      const [answer] = (await once(thread, 'message')) as [{ readonly frames: number }];
      return answer.frames;
    },
    async close() {
      if (gone) return;
      thread.ref();
      thread.postMessage('close');
      await once(thread, 'exit');
    },
  };
}
