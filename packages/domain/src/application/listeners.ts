import type { SessionsEnded } from '../device/endSessions.js';
import type { Recorded } from '../kernel/event.js';
import type { AppNo, Position, UserId } from '../kernel/ids.js';
import type { TimelineId } from '../kernel/stream.js';

/**
 * What a user's connected devices and streams hear of: hints to look at a timeline, and orders to
 * leave. An order names whom it means (see `EndSessions`); all of a user's listeners hear of it.
 */
export type LiveNews =
  | { readonly kind: 'grown'; readonly timeline: TimelineId; readonly position: Position }
  | { readonly kind: 'ended'; readonly event: Recorded<SessionsEnded> };

export type HearNews = (news: LiveNews) => void;

interface Listener {
  readonly hear: HearNews;
}

/** Who listens on this node. */
export class Listeners {
  readonly #apps = new Map<AppNo, Map<UserId, Set<Listener>>>();

  /** Answers the function that takes it out again. */
  add(app: AppNo, user: UserId, hear: HearNews): () => void {
    const listener = { hear };
    const users = this.#apps.get(app) ?? new Map<UserId, Set<Listener>>();
    this.#apps.set(app, users);
    users.set(user, (users.get(user) ?? new Set()).add(listener));
    return () => this.#remove(app, user, listener);
  }

  has(app: AppNo): boolean {
    return this.#apps.has(app);
  }

  isEmpty(): boolean {
    return this.#apps.size === 0;
  }

  /** Those of some users who listen; whichever of both sets is smaller is gone through. */
  among(app: AppNo, users: ReadonlySet<UserId>): readonly UserId[] {
    const here = this.#apps.get(app);
    if (here === undefined) return [];
    return here.size < users.size
      ? [...here.keys()].filter((user) => users.has(user))
      : [...users].filter((user) => here.has(user));
  }

  /** Answers what listeners threw: nobody's fault keeps news from others. */
  tell(app: AppNo, user: UserId, news: LiveNews): readonly unknown[] {
    const faults: unknown[] = [];
    for (const { hear } of this.#apps.get(app)?.get(user) ?? []) {
      try {
        hear(news);
      } catch (fault) {
        faults.push(fault);
      }
    }
    return faults;
  }

  #remove(app: AppNo, user: UserId, listener: Listener): void {
    const users = this.#apps.get(app);
    const ofUser = users?.get(user);
    ofUser?.delete(listener);
    if (ofUser?.size === 0) users?.delete(user);
    if (users?.size === 0) this.#apps.delete(app);
  }
}
