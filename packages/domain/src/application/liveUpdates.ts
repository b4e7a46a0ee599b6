import type { ChatKey } from '../chat/chat.js';
import type { SessionsEnded } from '../device/endSessions.js';
import type { RecordedEvent } from '../events.js';
import type { Recorded } from '../kernel/event.js';
import type { AppNo, Position, UserId } from '../kernel/ids.js';
import { parseTimeline } from '../kernel/stream.js';
import type { TimelineId } from '../kernel/stream.js';
import type { ChatReader } from '../ports/chats.js';
import type { EventLog } from '../ports/eventLog.js';

/** What a user's connected devices and streams hear of: hints to look, and orders to leave. */
export type LiveNews =
  | { readonly kind: 'grown'; readonly timeline: TimelineId; readonly position: Position }
  | { readonly kind: 'ended'; readonly event: Recorded<SessionsEnded> };

export type HearNews = (news: LiveNews) => void;

export interface LiveUpdatesDeps {
  readonly log: Pick<EventLog, 'read' | 'horizon'>;
  readonly chats: Pick<ChatReader, 'membersNow'>;
}

/**
 * Follows the log for those who are connected to this node: whatever node recorded an event, each
 * hears of it, in the log's order. Nothing is read while nobody listens. A listener may hear of what
 * it has seen already, and of timelines that have nothing for it.
 */
export interface LiveUpdates {
  /**
   * From the moment this resolves, `hear` is told of everything that is recorded later. It must not
   * throw. Answers the function that ends it. @throws what the store throws.
   */
  watch(app: AppNo, user: UserId, hear: HearNews): Promise<() => void>;
  /** Looks at the next events; answers whether there may be more. @throws what the store throws. */
  step(): Promise<boolean>;
}

/** Events in one look. */
const eventsPerStep = 1_000;

const newsTypes: readonly RecordedEvent['type'][] = [
  'MessageSent',
  'MessageRecalled',
  'MessageAcknowledged',
  'ConversationRead',
  'ConversationDeleted',
  'SessionsEnded',
];

/** Whether connected devices and streams hear of an event. */
export function isLiveNews({ type }: Pick<RecordedEvent, 'type'>): boolean {
  return newsTypes.includes(type);
}

export function createLiveUpdates({ log, chats }: LiveUpdatesDeps): LiveUpdates {
  const apps = new Map<AppNo, Map<UserId, Set<HearNews>>>();
  /** How far this node has looked; undefined while nobody listens. */
  let through: Promise<Position> | undefined;

  function listenersOf(app: AppNo, user: UserId): ReadonlySet<HearNews> | undefined {
    return apps.get(app)?.get(user);
  }

  function add(app: AppNo, user: UserId, hear: HearNews): void {
    const users = apps.get(app) ?? new Map<UserId, Set<HearNews>>();
    apps.set(app, users);
    users.set(user, (users.get(user) ?? new Set()).add(hear));
  }

  function remove(app: AppNo, user: UserId, hear: HearNews): void {
    const users = apps.get(app);
    const listeners = users?.get(user);
    listeners?.delete(hear);
    if (listeners?.size === 0) users?.delete(user);
    if (users?.size === 0) apps.delete(app);
    if (apps.size === 0) through = undefined;
  }

  /** Those of a chat who listen here: whichever of both is the smaller set is gone through. */
  async function listeningMembers(app: AppNo, key: ChatKey): Promise<readonly UserId[]> {
    const members = await chats.membersNow(app, key);
    const here = apps.get(app);
    if (here === undefined) return [];
    return here.size < members.size
      ? [...here.keys()].filter((user) => members.has(user))
      : [...members].filter((user) => here.has(user));
  }

  async function concerned(app: AppNo, timeline: TimelineId): Promise<readonly UserId[]> {
    const parsed = parseTimeline(timeline);
    switch (parsed.kind) {
      case 'pair':
        return [...new Set([parsed.userA, parsed.userB])];
      case 'user':
        return [parsed.id];
      case 'group':
        return listeningMembers(app, { kind: 'groupchat', id: parsed.id });
      case 'room':
        return listeningMembers(app, { kind: 'chatroom', id: parsed.id });
    }
  }

  async function tell(event: RecordedEvent): Promise<void> {
    const { app, timeline, position } = event;
    if (event.type === 'SessionsEnded') {
      for (const hear of listenersOf(app, event.data.user) ?? []) hear({ kind: 'ended', event });
    } else if (timeline !== undefined && apps.has(app)) {
      for (const user of await concerned(app, timeline)) {
        for (const hear of listenersOf(app, user) ?? []) hear({ kind: 'grown', timeline, position });
      }
    }
  }

  return {
    async watch(app, user, hear) {
      add(app, user, hear);
      through ??= log.horizon();
      const asked = through;
      try {
        await asked;
      } catch (fault) {
        if (through === asked) through = undefined;
        remove(app, user, hear);
        throw fault;
      }
      return () => remove(app, user, hear);
    },
    async step() {
      const from = through;
      if (from === undefined) return false;
      const after = await from;
      const looked = await log.read({ after, limit: eventsPerStep, types: newsTypes });
      for (const event of looked.events) await tell(event);
      // Whoever came first after everybody had left has begun anew.
      if (through === from) through = Promise.resolve(looked.through);
      return looked.through > after;
    },
  };
}
