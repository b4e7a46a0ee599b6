import type { Log } from '@recalld/domain';
import { within } from './within.js';

export interface TickerOptions {
  /** Names the work in logs. */
  readonly name: string;
  /** Does a bounded piece of work and says whether more may be waiting; ends early when `goOn` says so. */
  readonly run: (goOn: () => boolean) => Promise<boolean>;
  /** The longest pause between two runs, ms. */
  readonly intervalMs: number;
  /** The shortest one, ms: hints that come faster are gathered. */
  readonly gapMs: number;
  readonly log: Log;
}

/** Work that is done again and again: at its interval, and soon after a hint. */
export interface Ticker {
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** No new run; resolves when the one under way has ended, at the latest after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

export function createTicker(options: TickerOptions): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  let hinted = false;
  let stopped = true;

  function schedule(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (stopped || running !== undefined || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => {
      dueAt = Infinity;
      running = once();
    }, delayMs);
  }

  async function once(): Promise<void> {
    hinted = false;
    let more = false;
    try {
      more = await options.run(() => !stopped);
    } catch (err) {
      const fields = { err, work: options.name };
      if (stopped) options.log.warn(fields, 'background work was cut off; the next start does it again');
      else options.log.error(fields, 'background work failed; it is tried again');
    }
    running = undefined;
    schedule(more || hinted ? options.gapMs : options.intervalMs);
  }

  return {
    start() {
      stopped = false;
      schedule(0);
    },
    wake() {
      hinted = true;
      schedule(options.gapMs);
    },
    async stop(deadlineMs) {
      stopped = true;
      clearTimeout(timer);
      if (running !== undefined) await within(deadlineMs, running);
    },
  };
}
