import { randomInt } from 'node:crypto';
import type {
  App,
  Clock,
  ContentDecoder,
  LiveUpdates,
  Position,
  StoragePorts,
  UserId,
} from '@recalld/domain';
import { createBell } from './bell.js';
import { userEventsOf } from './userEvents.js';
import type { UserEvent } from './userEvents.js';

export interface FollowingDeps {
  readonly storage: {
    readonly queues: Pick<StoragePorts['queues'], 'since'>;
    readonly contents: StoragePorts['contents'];
    readonly log: Pick<StoragePorts['log'], 'horizon'>;
  };
  readonly live: Pick<LiveUpdates, 'watch'>;
  readonly decoder: ContentDecoder;
  readonly clock: Clock;
}

export interface Followed {
  readonly app: App;
  readonly user: UserId;
  /** Left out: what is recorded from now on. Ahead of the log: the same. */
  readonly after: Position | undefined;
  readonly leaving: AbortSignal;
}

/** The store is looked at again after so long although nothing rang, ms: some time of the second half of it. */
const lookAgainMs = 300_000;

/** One reader of a user's events. */
export interface Following {
  /** Everything up to there was looked at. */
  through(): Position;
  /**
   * The next events in the log's order, at most `limit`; none when nothing came within `waitMs`,
   * undefined when the following is over: the reader is to leave, or the user's sessions were ended.
   * @throws what the store throws.
   */
  next(limit: number, waitMs: number): Promise<readonly UserEvent[] | undefined>;
}

/**
 * Follows what a user's devices get, until the reader leaves. The store is looked at when something rang,
 * and now and then in any case. `through` does not move on by what live updates have come to: they tell
 * those who are members of a group when they look, so one who left it in between does not hear of its
 * last messages; a reader who came back behind these would never get them. @throws what the store throws.
 */
export async function follow(
  { storage, live, decoder, clock }: FollowingDeps,
  { app, user, after, leaving }: Followed,
): Promise<Following> {
  const bell = createBell(leaving);
  let ended = false;
  const unwatch = await live.watch(app.no, user, (news) => {
    ended ||= news.kind === 'ended' && news.event.data.device === null;
    bell.ring();
  });
  if (leaving.aborted) unwatch();
  else leaving.addEventListener('abort', unwatch, { once: true });
  const connectedAt = await storage.log.horizon();
  let through = Math.min(after ?? connectedAt, connectedAt);
  /** There may be something behind `through`, as far as this reader has heard. */
  let isBehind = true;
  let lookAgainAt = 0;

  /** One look at the log; whatever comes meanwhile rings the bell. */
  async function look(limit: number) {
    lookAgainAt = clock.now() + randomInt(lookAgainMs / 2, lookAgainMs);
    const asked = { app: app.no, user, after: through, connectedAt, limit, now: clock.now() };
    const looked = await storage.queues.since(asked);
    const ids = looked.items.map(({ itemId }) => itemId);
    const contents = ids.length === 0 ? new Map() : await storage.contents.read(app.no, ids);
    through = Math.max(through, looked.through);
    isBehind = looked.more;
    return { events: userEventsOf(user, looked.items, contents, decoder), more: looked.more };
  }

  return {
    through: () => through,
    async next(limit, waitMs) {
      const until = performance.now() + waitMs;
      for (;;) {
        if (ended || leaving.aborted) return undefined;
        if (isBehind || clock.now() >= lookAgainAt) {
          const { events, more } = await look(limit);
          if (events.length > 0) return events;
          if (more) continue;
        }
        const restMs = until - performance.now();
        if (restMs <= 0) return [];
        if (await bell.heard(restMs)) isBehind = true;
        else if (!leaving.aborted) return [];
      }
    },
  };
}
