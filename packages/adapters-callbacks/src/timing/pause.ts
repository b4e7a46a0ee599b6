import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms`, or as soon as the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

/** Resolves when the work is done, at the latest after `ms`; the work goes on. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, pause(ms, over.signal)]);
  over.abort();
}

/** How long to wait after a number of failures in a row, ms: growing, at most five seconds. */
export function backoffMs(failures: number): number {
  return Math.min(5_000, 50 * 2 ** Math.min(failures, 10));
}
