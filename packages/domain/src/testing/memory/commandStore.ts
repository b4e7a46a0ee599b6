import { isOver, plannedDelivery } from '../../callback/delivery.js';
import { chatKeyText, roleKeyText } from '../../chat/chat.js';
import type { ChatFacts, Role } from '../../chat/chat.js';
import type { Restraint } from '../../chat/restraint.js';
import { restraintKeyText } from '../../chat/restraint.js';
import type { NewEvent, RecordedEvent } from '../../events.js';
import { assert } from '../../kernel/assert.js';
import type { Stamps } from '../../kernel/event.js';
import type { AppNo, MsgId } from '../../kernel/ids.js';
import type { StreamId, TimelineId } from '../../kernel/stream.js';
import type { RetryKey } from '../../message/sendMessage.js';
import type {
  Append,
  CommandStore,
  DueDelivery,
  LoadedFacts,
  Unit,
  WantedFacts,
} from '../../ports/commandStore.js';
import { itemIdOf } from '../../timeline/itemOf.js';
import { applyEvent } from './applyEvent.js';
import { restraintOf } from './restraints.js';
import { bodyKey, currentRule, keyOf, timelineRow } from './state.js';
import type { MemoryState } from './state.js';

/** Commits are atomic because everything that can fail is checked before anything is written. */
export function createMemoryCommandStore(state: MemoryState): CommandStore {
  return {
    load: async (wanted) => wanted.map((facts) => loadFacts(state, facts)),
    commit: async (units) => {
      if (hasMoved(state, units) || isRetried(state, units)) return { ok: false, reason: 'moved' };
      for (const unit of units) check(state, unit);
      return { ok: true, recorded: units.map((unit) => write(state, unit)) };
    },
  };
}

function loadFacts(state: MemoryState, wanted: WantedFacts): LoadedFacts {
  const { app } = wanted;
  const streams = new Map<StreamId, readonly RecordedEvent[]>();
  for (const stream of wanted.streams) {
    const events = state.streams.get(keyOf(app, stream));
    if (events !== undefined) streams.set(stream, events);
  }
  const chats = new Map<string, ChatFacts>();
  for (const chat of wanted.chats) {
    const profile = state.chats.get(keyOf(app, chatKeyText(chat)));
    if (profile !== undefined)
      chats.set(chatKeyText(chat), { groupType: profile.type, disabled: profile.disabled });
  }
  const roles = new Map<string, Role>();
  for (const key of wanted.roles) {
    const role = currentRole(state, app, chatKeyText(key.chat), key.user);
    if (role !== undefined) roles.set(roleKeyText(key), role);
  }
  const restraints = new Map<string, Restraint>();
  for (const key of wanted.restraints) {
    const row = restraintOf(state, app, key);
    if (row !== undefined) restraints.set(restraintKeyText(key), { until: row.until });
  }
  const heads = new Map<TimelineId, number>();
  for (const timeline of wanted.heads) {
    const row = state.timelines.get(keyOf(app, timeline));
    if (row !== undefined) heads.set(timeline, row.messages);
  }
  const retried = new Map<RetryKey, MsgId>();
  for (const key of wanted.retryKeys) {
    const row = state.retryKeys.get(keyOf(app, key));
    if (row !== undefined) retried.set(key, row.msgId);
  }
  const rules = [...state.rules.values()]
    .filter((row) => !row.removed && row.app === app)
    .map(currentRule)
    .filter(({ enabled }) => enabled);
  return { app, streams, chats, roles, restraints, heads, retried, rules };
}

function currentRole(state: MemoryState, app: AppNo, chat: string, user: string): Role | undefined {
  return state.memberships.find(
    (row) => row.app === app && row.chat === chat && row.user === user && row.span.through === null,
  )?.role;
}

/** Whether a stream has a version other than expected; units of one batch see each other's appends. */
function hasMoved(state: MemoryState, units: readonly Unit[]): boolean {
  const versions = new Map<string, number>();
  for (const { app, appends } of units) {
    for (const { stream, expected, events } of appends) {
      const key = keyOf(app, stream);
      const version = versions.get(key) ?? state.streams.get(key)?.length ?? 0;
      if (version !== expected) return true;
      versions.set(key, version + events.length);
    }
  }
  return false;
}

/** Whether something was sent under a key before, or is twice in the batch. */
function isRetried(state: MemoryState, units: readonly Unit[]): boolean {
  const keys = units.flatMap(({ app, retryKeys }) => retryKeys.map(({ key }) => keyOf(app, key)));
  return new Set(keys).size < keys.length || keys.some((key) => state.retryKeys.has(key));
}

function check(state: MemoryState, unit: Unit): void {
  const events = unit.appends.flatMap((append) => append.events);
  for (const { stream, events: appended, timeline } of unit.appends) {
    const needsTimeline = appended.some(itemIdOf);
    assert(!needsTimeline || timeline !== undefined, `the events of ${stream} name their timeline`);
  }
  for (const { event } of unit.puts) {
    const carrier = events[event];
    assert(carrier !== undefined && itemIdOf(carrier) !== undefined, `event ${event} can have a body`);
  }
  for (const { event } of unit.retryKeys) {
    assert(events[event]?.type === 'MessageSent', `event ${event} sends a message`);
  }
  for (const delivery of unit.deliveries) {
    const known = state.rules.get(delivery.rule.id)?.versions.has(delivery.rule.version);
    assert(known === true, `rule ${delivery.rule.id} has a version ${delivery.rule.version}`);
    assert(delivery.events.length > 0, 'a delivery tells of something');
    assert(
      delivery.events.every((index) => events[index] !== undefined),
      'a delivery tells of its unit',
    );
  }
}

function write(state: MemoryState, unit: Unit): readonly RecordedEvent[] {
  const recorded = unit.appends.flatMap((append) =>
    append.events.map((event) => record(state, unit, append, event)),
  );
  for (const { event, content } of unit.puts) {
    const carrier = recorded[event];
    const item = carrier && itemIdOf(carrier);
    if (item !== undefined) {
      state.bodies.set(bodyKey(unit.app, item), { ...content, payload: content.payload.slice() });
    }
  }
  for (const { event, key } of unit.retryKeys) {
    const sent = recorded[event];
    if (sent?.type !== 'MessageSent') continue;
    const { msgId, sentAt } = sent.data;
    state.retryKeys.set(keyOf(unit.app, key), { app: unit.app, key, msgId, sentAt });
  }
  for (const item of unit.erase) state.bodies.delete(bodyKey(unit.app, item));
  for (const due of unit.deliveries) plan(state, unit, due, recorded);
  return recorded;
}

function record(state: MemoryState, unit: Unit, append: Append, event: NewEvent): RecordedEvent {
  const streamKey = keyOf(unit.app, append.stream);
  const stream = state.streams.get(streamKey) ?? [];
  const recorded: RecordedEvent = {
    ...event,
    app: unit.app,
    position: state.events.length + 1,
    stream: append.stream,
    version: stream.length + 1,
    commandId: unit.commandId,
    ...timelineStamps(state, unit.app, append.timeline, event),
  };
  state.events.push(recorded);
  state.streams.set(streamKey, [...stream, recorded]);
  applyEvent(state, recorded);
  return recorded;
}

/** Bumps the timeline that the event puts an item into. */
function timelineStamps(
  state: MemoryState,
  app: AppNo,
  timeline: TimelineId | undefined,
  event: NewEvent,
): Pick<Stamps, 'timeline' | 'timelinePosition' | 'messageSeq'> {
  if (timeline === undefined || itemIdOf(event) === undefined) return {};
  const row = timelineRow(state, app, timeline);
  row.head += 1;
  if (event.type !== 'MessageSent') return { timeline, timelinePosition: row.head };
  row.messages += 1;
  return { timeline, timelinePosition: row.head, messageSeq: row.messages };
}

function plan(
  state: MemoryState,
  unit: Unit,
  { rule, events: indexes, orderKey }: DueDelivery,
  recorded: readonly RecordedEvent[],
): void {
  const events = indexes.flatMap((index) => recorded[index] ?? []);
  const [first] = events;
  assert(first !== undefined, 'what is planned was checked');
  const isBehind =
    orderKey !== null &&
    state.deliveries.some(
      (row) => row.rule.id === rule.id && row.orderKey === orderKey && !isOver(row.state),
    );
  state.planned += 1;
  state.deliveries.push({
    id: `${rule.id}:${first.position}`,
    app: unit.app,
    nth: state.planned,
    rule: { id: rule.id, version: rule.version },
    orderKey,
    positions: events.map(({ position }) => position),
    createdAt: first.occurredAt,
    attempts: [],
    state: plannedDelivery(first.occurredAt, isBehind),
  });
}
