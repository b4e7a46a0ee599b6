import type { Clock, Instant, Log } from '@recalld/domain';

/** How long one line speaks for all faults of its kind, ms. */
const lineEveryMs = 10_000;

/** Says what failed for sessions: once at first, then now and then with their number. A store that is away fails for all at once. */
export interface FaultLog {
  tell(fault: unknown, message: string): void;
}

export function createFaultLog(log: Log, clock: Clock): FaultLog {
  const lines = new Map<string, { nextAt: Instant; untold: number }>();
  return {
    tell(err, message) {
      const now = clock.now();
      const line = lines.get(message) ?? { nextAt: now, untold: 0 };
      lines.set(message, line);
      line.untold += 1;
      if (now < line.nextAt) return;
      log.error({ err, times: line.untold }, message);
      line.nextAt = now + lineEveryMs;
      line.untold = 0;
    },
  };
}
