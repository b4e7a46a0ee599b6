import type { Clock, Instant, Log } from '@recalld/domain';

/** How long one line speaks for every request that is refused, ms. */
const lineEveryMs = 60_000;

/** Says that storage is away: once at first, then once a minute, not with each request that it costs. */
export interface OutageLog {
  refused(fault: unknown): void;
}

export function createOutageLog(log: Log, clock: Clock): OutageLog {
  let nextLineAt: Instant = -Infinity;
  let refused = 0;
  return {
    refused(fault) {
      refused += 1;
      const now = clock.now();
      if (now < nextLineAt) return;
      const reason = fault instanceof Error ? fault.message : String(fault);
      log.warn({ reason, requests: refused }, 'storage does not answer: requests are refused with 503');
      nextLineAt = now + lineEveryMs;
      refused = 0;
    },
  };
}
