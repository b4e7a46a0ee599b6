import type { Instant, UserId } from '../kernel/ids.js';

// A limit counts in windows of fixed length; a window begins with its first use. One number and one time
// say all of it, so that counting for many nodes is one row that they share, what may be used is exact
// within a window, and the time to come back at is known. Around the edge of two windows there may be
// twice as many uses as in one: the price of not keeping the time of each.

/** How long a window is, ms, and whose uses share one: all of the app, or those about one user. */
export interface RateLimit {
  readonly windowMs: number;
  readonly per: 'app' | 'user';
}

const perSecond: RateLimit = { windowMs: 1_000, per: 'app' };
const perMinute: RateLimit = { windowMs: 60_000, per: 'app' };
const perMinuteAndUser: RateLimit = { windowMs: 60_000, per: 'user' };

/** Every limit that an app may have. It has none until somebody sets one. */
export const rateLimits = {
  requestsPerSecond: perSecond,
  tokensPerSecond: perSecond,
  recallsPerSecond: perSecond,
  userSendsPerSecond: perSecond,
  userMessagesPerMinute: perMinute,
  groupSendsPerSecond: perSecond,
  groupMessagesPerSecond: perSecond,
  roomSendsPerSecond: perSecond,
  roomMessagesPerSecond: perSecond,
  conversationDeletionsPerSecond: perSecond,
  conversationDeletionsPerMinuteAndUser: perMinuteAndUser,
  conversationListsPerSecond: perSecond,
  conversationListsPerMinuteAndUser: perMinuteAndUser,
  uploadsPerSecond: perSecond,
  downloadsPerSecond: perSecond,
  clientMessagesPerSecond: perSecond,
  clientRecallsPerSecond: perSecond,
} satisfies Record<string, RateLimit>;

/** How long a window is kept from its start, ms: longer than any lasts, and than clocks of nodes differ. */
export const rateWindowKeptMs = 120_000;

export type RateLimitName = keyof typeof rateLimits;

export const rateLimitNames = Object.keys(rateLimits) as readonly RateLimitName[];

/** The limits of an app: uses in one window, whole numbers from 1. One that is not there is off. */
export type RateLimitSettings = { readonly [N in RateLimitName]?: number };

/** New values of limits; null: off. One that is not there stays as it is. */
export type RateLimitChange = { readonly [N in RateLimitName]?: number | null };

export function changedRateLimits(settings: RateLimitSettings, change: RateLimitChange): RateLimitSettings {
  const changed = Object.entries({ ...settings, ...change }).filter(([, max]) => max !== null);
  return Object.fromEntries(changed);
}

/** What somebody wants of one limit. */
export interface RateUse {
  readonly limit: RateLimitName;
  /** Whom it is about; null for a limit of the whole app. */
  readonly user: UserId | null;
  /** How many uses it is. */
  readonly count: number;
  /** The limit as the app has it now. */
  readonly max: number;
}

/** Those of the uses that an app's settings limit; the others need nobody's leave. */
export function limitedUses(
  settings: RateLimitSettings,
  wanted: readonly Omit<RateUse, 'max'>[],
): readonly RateUse[] {
  return wanted.flatMap((use) => {
    const max = settings[use.limit];
    return max === undefined || use.count === 0 ? [] : [{ ...use, max }];
  });
}

export interface RateWindow {
  readonly startedAt: Instant;
  readonly used: number;
}

/** `exhausted`: the limits without room. `freeAt`: when the last one of them has room again. */
export type RatesTaken =
  | { readonly ok: true }
  | { readonly ok: false; readonly exhausted: readonly RateLimitName[]; readonly freeAt: Instant };

/** What uses came to, and the windows that are others after it, by their bucket. */
export interface RateTaking {
  readonly taken: RatesTaken;
  readonly windows: ReadonlyMap<string, RateWindow>;
}

/** The name under which the uses of one window are counted; unique in an app. */
export function bucketOf({ limit, user }: Pick<RateUse, 'limit' | 'user'>): string {
  return user === null ? limit : `${limit}/${user}`;
}

/** Takes all of the uses or none: who is refused by one limit uses nothing of the others up. */
export function takeRates(
  known: ReadonlyMap<string, RateWindow>,
  uses: readonly RateUse[],
  now: Instant,
): RateTaking {
  const windows = new Map<string, RateWindow>();
  const full: { readonly limit: RateLimitName; readonly freeAt: Instant }[] = [];
  for (const use of uses) {
    const bucket = bucketOf(use);
    const { windowMs } = rateLimits[use.limit];
    const { startedAt, used } = windowAt(windows.get(bucket) ?? known.get(bucket), windowMs, now);
    if (used + use.count > use.max) full.push({ limit: use.limit, freeAt: startedAt + windowMs });
    else windows.set(bucket, { startedAt, used: used + use.count });
  }
  if (full.length === 0) return { taken: { ok: true }, windows };
  const exhausted = full.map(({ limit }) => limit);
  const freeAt = Math.max(...full.map((each) => each.freeAt));
  return { taken: { ok: false, exhausted, freeAt }, windows: new Map() };
}

/** The window that counts now. A start in the near future is another node's clock; one far ahead was a wrong clock. */
function windowAt(known: RateWindow | undefined, windowMs: number, now: Instant): RateWindow {
  if (known !== undefined && Math.abs(now - known.startedAt) < windowMs) return known;
  return { startedAt: now, used: 0 };
}
