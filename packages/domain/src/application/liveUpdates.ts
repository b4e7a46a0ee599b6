import type { ChatKey } from '../chat/chat.js';
import type { RecordedEvent } from '../events.js';
import type { AppNo, Position, UserId } from '../kernel/ids.js';
import { parseTimeline } from '../kernel/stream.js';
import type { TimelineId } from '../kernel/stream.js';
import type { ChatReader } from '../ports/chats.js';
import type { EventLog } from '../ports/eventLog.js';
import { Listeners } from './listeners.js';
import type { HearNews } from './listeners.js';

export interface LiveUpdatesDeps {
  readonly log: Pick<EventLog, 'read' | 'horizon'>;
  readonly chats: Pick<ChatReader, 'membersNow'>;
}

/**
 * Follows the log for those who are connected to this node: whatever node recorded an event, each
 * hears of it. Nothing is read while nobody listens. A listener may hear of what it has seen already,
 * and of timelines that have nothing for it; of several items in one timeline, of the newest alone.
 */
export interface LiveUpdates {
  /**
   * From the moment this resolves, `hear` is told of everything that is recorded later; it may hear of
   * something before. Answers the function that ends it. @throws what the store throws.
   */
  watch(app: AppNo, user: UserId, hear: HearNews): Promise<() => void>;
  /**
   * Looks at the next events, after the steps that are under way; answers whether there may be more.
   * @throws what the store throws: the next step looks at the same events again.
   * @throws AggregateError of what listeners threw: everybody has been told, and the next step goes on.
   */
  step(): Promise<boolean>;
}

/** A timeline that has new items; `position` is of the newest. */
interface Growth {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly position: Position;
}

/** Events in one look. */
const eventsPerStep = 1_000;

const newsTypes: readonly RecordedEvent['type'][] = [
  'MessageSent',
  'MessageRecalled',
  'MessageAcknowledged',
  'ConversationRead',
  'ConversationDeleted',
  'RoamingDeleted',
  'SessionsEnded',
];

/** Whether connected devices and streams hear of an event. */
export function isLiveNews({ type }: Pick<RecordedEvent, 'type'>): boolean {
  return newsTypes.includes(type);
}

export function createLiveUpdates({ log, chats }: LiveUpdatesDeps): LiveUpdates {
  const listeners = new Listeners();
  /** How far this node has looked; undefined while nobody listens. */
  let through: Promise<Position> | undefined;
  let lastStep: Promise<unknown> = Promise.resolve();

  async function membersHere(app: AppNo, key: ChatKey): Promise<readonly UserId[]> {
    return listeners.among(app, await chats.membersNow(app, key));
  }

  async function concerned({ app, timeline }: Growth): Promise<readonly UserId[]> {
    const parsed = parseTimeline(timeline);
    switch (parsed.kind) {
      case 'pair':
        return [...new Set([parsed.userA, parsed.userB])];
      case 'user':
        return [parsed.id];
      case 'group':
        return await membersHere(app, { kind: 'groupchat', id: parsed.id });
      case 'room':
        return await membersHere(app, { kind: 'chatroom', id: parsed.id });
    }
  }

  /** Answers what listeners threw. */
  async function tellAll(events: readonly RecordedEvent[]): Promise<readonly unknown[]> {
    const faults: unknown[] = [];
    for (const event of events) {
      if (event.type !== 'SessionsEnded') continue;
      faults.push(...listeners.tell(event.app, event.data.user, { kind: 'ended', event }));
    }
    for (const growth of growthsOf(events.filter(({ app }) => listeners.has(app)))) {
      const { app, timeline, position } = growth;
      for (const user of await concerned(growth)) {
        faults.push(...listeners.tell(app, user, { kind: 'grown', timeline, position }));
      }
    }
    return faults;
  }

  async function look(): Promise<boolean> {
    const from = through;
    if (from === undefined) return false;
    const after = await from;
    const looked = await log.read({ after, limit: eventsPerStep, types: newsTypes });
    const faults = await tellAll(looked.events);
    // Whoever came first after everybody had left has begun anew.
    if (through === from) through = Promise.resolve(looked.through);
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} listeners threw`);
    return looked.through > after;
  }

  return {
    async watch(app, user, hear) {
      const remove = listeners.add(app, user, hear);
      const leave = () => {
        remove();
        if (listeners.isEmpty()) through = undefined;
      };
      const asked = (through ??= log.horizon());
      try {
        await asked;
      } catch (fault) {
        if (through === asked) through = undefined;
        leave();
        throw fault;
      }
      return leave;
    },
    step() {
      const step = lastStep.then(look);
      lastStep = step.catch(() => undefined);
      return step;
    },
  };
}

/** Which timelines have new items, each once. History that was brought in is no news. */
function growthsOf(events: readonly RecordedEvent[]): Iterable<Growth> {
  const growths = new Map<string, Growth>();
  for (const event of events) {
    const { app, timeline, position } = event;
    if (timeline === undefined) continue;
    if (event.type === 'MessageSent' && event.data.flags.imported === true) continue;
    growths.set(`${app} ${timeline}`, { app, timeline, position });
  }
  return growths.values();
}
