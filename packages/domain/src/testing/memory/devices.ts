import type { AppNo, UserId } from '../../kernel/ids.js';
import { limits } from '../../limits.js';
import type { TimelineId } from '../../kernel/stream.js';
import { timelineStart } from '../../ports/devices.js';
import type { DeviceKey, Devices, NodeName, TimelineCursor } from '../../ports/devices.js';
import { keyOf } from './state.js';
import type { DeviceRow, MemoryState } from './state.js';

type Lives = (node: NodeName) => boolean;

export function createMemoryDevices(state: MemoryState, lives: Lives): Devices {
  return {
    begin: async (key, { session, node, platform, now }) => {
      const row = deviceOf(state, key) ?? addDevice(state, key);
      const before = sessionOf(row, lives);
      row.session = { id: session, node };
      row.platform = platform;
      row.lastSeenAt = now;
      for (const other of devicesOf(state, key.app, key.user)) other.superseded = other !== row;
      forgetBeyond(state, row, lives);
      const former =
        before === null || before.id === session ? null : { session: before.id, node: before.node };
      return { connectedAt: state.events.length, former };
    },
    end: async (sessions) => {
      for (const { session, now, ...key } of sessions) {
        const row = deviceOf(state, key);
        if (row?.session?.id !== session) continue;
        row.session = null;
        row.lastSeenAt = now;
      }
    },
    confirm: async (moves) => {
      for (const { timeline, through, ...key } of moves) {
        const end = state.timelines.get(keyOf(key.app, timeline));
        const row = deviceOf(state, key);
        if (row === undefined || end === undefined) continue;
        const position = Math.min(through.position, end.head);
        const messages = Math.min(through.messages, end.messages);
        row.cursors.set(timeline, later(row.cursors.get(timeline), { position, messages }));
      }
    },
    list: async (app, user) =>
      devicesOf(state, app, user).map((row) => ({
        device: row.device,
        session: sessionOf(row, lives)?.id ?? null,
        platform: row.platform,
        lastSeenAt: row.lastSeenAt,
      })),
    forget: async (seenBefore, limit) => {
      const old = [...state.devices]
        .filter(([, row]) => row.superseded && row.lastSeenAt < seenBefore && sessionOf(row, lives) === null)
        .sort(([, a], [, b]) => a.lastSeenAt - b.lastSeenAt)
        .slice(0, limit);
      for (const [key] of old) state.devices.delete(key);
      return old.length;
    },
  };
}

function rowKey({ app, user, device }: DeviceKey): string {
  return keyOf(app, user, device);
}

export function deviceOf(state: MemoryState, key: DeviceKey): DeviceRow | undefined {
  return state.devices.get(rowKey(key));
}

/** What a device has, unless it is gone with its node. */
function sessionOf({ session }: DeviceRow, lives: Lives): DeviceRow['session'] {
  return session !== null && lives(session.node) ? session : null;
}

/** The one seen last first. */
function devicesOf(state: MemoryState, app: AppNo, user: UserId): readonly DeviceRow[] {
  return [...state.devices.values()]
    .filter((row) => row.app === app && row.user === user)
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt || (a.device < b.device ? -1 : 1));
}

/** A new device starts where the user's devices together have come. */
function addDevice(state: MemoryState, { app, user, device }: DeviceKey): DeviceRow {
  const cursors = new Map<TimelineId, TimelineCursor>();
  for (const other of devicesOf(state, app, user)) {
    for (const [timeline, cursor] of other.cursors)
      cursors.set(timeline, later(cursors.get(timeline), cursor));
  }
  const row: DeviceRow = {
    app,
    user,
    device,
    platform: '',
    session: null,
    lastSeenAt: 0,
    superseded: false,
    cursors,
  };
  state.devices.set(rowKey(row), row);
  return row;
}

/** Of one user, all of them. */
export function forgetDevices(state: MemoryState, app: AppNo, user: UserId): void {
  for (const row of devicesOf(state, app, user)) state.devices.delete(rowKey(row));
}

function later(known: TimelineCursor = timelineStart, cursor: TimelineCursor): TimelineCursor {
  return {
    position: Math.max(known.position, cursor.position),
    messages: Math.max(known.messages, cursor.messages),
  };
}

function forgetBeyond(state: MemoryState, begun: DeviceRow, lives: Lives): void {
  const devices = devicesOf(state, begun.app, begun.user);
  const isConnected = (row: DeviceRow) => (sessionOf(row, lives) === null ? 0 : 1);
  const others = devices
    .filter((row) => row !== begun)
    .sort((a, b) => isConnected(a) - isConnected(b) || a.lastSeenAt - b.lastSeenAt);
  for (const row of others.slice(0, Math.max(0, devices.length - limits.devicesPerUserMax))) {
    state.devices.delete(rowKey(row));
  }
}
