import { limits } from '../../limits.js';
import { timelineStart } from '../../ports/devices.js';
import type { DeviceKey, DeviceQueues, PendingQueue, TimelineCursor } from '../../ports/devices.js';
import type { Item } from '../../timeline/item.js';
import { stretchAfter } from '../../timeline/membership.js';
import { visible } from '../../timeline/visible.js';
import type { DeviceViewer } from '../../timeline/visible.js';
import { deviceOf } from './devices.js';
import { formerThroughOf, sightOf } from './sight.js';
import { keyOf } from './state.js';
import type { MemoryState, TimelineRow } from './state.js';

export function createMemoryDeviceQueues(state: MemoryState): DeviceQueues {
  return {
    pending: async (key, limit) =>
      [...state.timelines.values()]
        .flatMap((row) => pendingOf(state, row, key))
        .sort((a, b) => a.count - b.count || (a.timeline < b.timeline ? -1 : 1))
        .slice(0, limit),
    page: async ({ key, timeline, after, connectedAt, limit, now }) => {
      const row = state.timelines.get(keyOf(key.app, timeline));
      const start = after ?? deviceOf(state, key)?.cursors.get(timeline) ?? timelineStart;
      if (row === undefined) return { items: [], next: start, more: false };
      const { user, device } = key;
      const sight = sightOf(state, key.app, timeline, user);
      const viewer: DeviceViewer = { user, device, purpose: 'device', connectedAt, now, ...sight };
      const items: Item[] = [];
      let next = start;
      for (const [looked, item] of reachable(row, viewer.spans, start).entries()) {
        if (items.length === limit || looked === limits.pageLooksMax) return { items, next, more: true };
        if (visible(item, viewer)) items.push(item);
        next = cursorThrough(row, item.position);
      }
      return { items, next, more: false };
    },
    since: async ({ app, user, after, connectedAt, limit, now }) => {
      const seen = [...state.timelines.values()]
        .filter((row) => row.app === app)
        .flatMap((row) => seenOf(state, row, { user, device: null, purpose: 'device', connectedAt, now }))
        .filter(({ eventPosition }) => eventPosition > after)
        .sort((a, b) => a.eventPosition - b.eventPosition);
      const items = seen.slice(0, limit);
      const more = seen.length > limit;
      return {
        items,
        more,
        through: (more && items.at(-1)?.eventPosition) || Math.max(after, state.events.length),
      };
    },
  };
}

function pendingOf(state: MemoryState, row: TimelineRow, key: DeviceKey): readonly PendingQueue[] {
  const { app, user } = key;
  if (row.app !== app) return [];
  const { spans } = sightOf(state, app, row.id, user);
  const cursor = deviceOf(state, key)?.cursors.get(row.id) ?? timelineStart;
  const formerThrough = formerThroughOf(state, app, user);
  if (!row.items.some(({ eventPosition }) => eventPosition > formerThrough)) return [];
  const [first, ...others] = reachable(row, spans, cursor);
  if (first === undefined) return [];
  const from = first.position - 1 > cursor.position ? cursorThrough(row, first.position - 1) : cursor;
  return [{ timeline: row.id, from, count: 1 + others.length }];
}

/** What stands after a cursor and may be seen by somebody who was a member then. */
function reachable(row: TimelineRow, spans: DeviceViewer['spans'], after: TimelineCursor): readonly Item[] {
  const stretch = stretchAfter(spans, after.position);
  if (stretch === undefined) return [];
  const { from, through } = stretch;
  return row.items.filter(({ position }) => position > from && position <= (through ?? Infinity));
}

function cursorThrough(row: TimelineRow, position: number): TimelineCursor {
  const passed = row.items.filter((item) => item.position <= position);
  return { position, messages: passed.filter(({ kind }) => kind === 'message').length };
}

function seenOf(
  state: MemoryState,
  { app, id, items }: TimelineRow,
  listener: Pick<DeviceViewer, 'user' | 'device' | 'purpose' | 'connectedAt' | 'now'>,
): readonly Item[] {
  const viewer: DeviceViewer = { ...listener, ...sightOf(state, app, id, listener.user) };
  return items.filter((item) => visible(item, viewer));
}
