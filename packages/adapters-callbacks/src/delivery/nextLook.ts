/** Between two looks, whatever rings. */
const betweenMs = 1;
/** The shortest sleep after a look that found nothing to take. */
const sleepMsMin = 50;
/** How soon to look again while there is no room for what is due. */
const fullMs = 250;

/** What a look into the queue has shown. */
export interface Seen {
  /** Something was claimed: there may be more, and what is left of these rules may be due at any time. */
  readonly claimed: boolean;
  /** How long claims are held back, because they keep coming. */
  readonly throttleMs: number;
  /** Until each rule's next delivery may go out; not above 0 when it may now. */
  readonly dueInMs: Iterable<number>;
  /** Something waits in the worker's hands, and may have to go back. */
  readonly waiting: boolean;
  /** The longest sleep. */
  readonly sweepMs: number;
}

/** When to look again: after `pauseMs` in any case, and after `sleepMs` more, or as soon as something rings. */
export interface NextLook {
  readonly pauseMs: number;
  readonly sleepMs: number;
}

/** How long a worker waits between two looks into the queue. All times are ms. */
export function nextLook({ claimed, throttleMs, dueInMs, waiting, sweepMs }: Seen): NextLook {
  if (claimed) return { pauseMs: Math.max(betweenMs, throttleMs), sleepMs: 0 };
  let sleepMs = waiting ? Math.min(fullMs, sweepMs) : sweepMs;
  for (const ms of dueInMs) sleepMs = Math.min(sleepMs, ms > 0 ? ms : fullMs);
  return { pauseMs: betweenMs, sleepMs: Math.max(sleepMsMin, sleepMs) };
}
