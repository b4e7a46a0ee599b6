import { assert } from '../../kernel/assert.js';
import type { DeviceId, Position, SessionId, UserId } from '../../kernel/ids.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { DeviceKey, FormerSession, NodeName, QueuePage, TimelineCursor } from '../../ports/devices.js';
import type { Item } from '../../timeline/item.js';
import type { World } from '../world.js';

/** One that no store takes for living. */
export const deadNode: NodeName = 'a node that is gone';

/** What a test does and sees with devices. */
export interface DeviceWorld extends World {
  /** Begins a session, `{device}-1` unless the test says which, on this node unless it says where. */
  begin(
    user: UserId,
    device: DeviceId,
    session?: SessionId,
    node?: NodeName,
  ): Promise<{ readonly connectedAt: Position; readonly former: FormerSession | null }>;
  end(user: UserId, device: DeviceId, session?: SessionId): Promise<void>;
  page(user: UserId, device: DeviceId, timeline: TimelineId, change?: PageChange): Promise<QueuePage>;
  /** All that is left for a device in a timeline, from its cursor on; nothing is confirmed. */
  drain(user: UserId, device: DeviceId, timeline: TimelineId, change?: PageChange): Promise<Drained>;
  confirm(user: UserId, device: DeviceId, timeline: TimelineId, through: TimelineCursor): Promise<void>;
  /** Names and counts of the queues that wait for a device. */
  waiting(user: UserId, device: DeviceId): Promise<readonly (readonly [TimelineId, number])[]>;
}

export interface PageChange {
  readonly after?: TimelineCursor;
  readonly connectedAt?: Position;
  readonly limit?: number;
}

export interface Drained {
  readonly items: readonly Item[];
  readonly next: TimelineCursor;
}

export function withDevices(world: World): DeviceWorld {
  const { ports, app, clock } = world;
  const keyOf = (user: UserId, device: DeviceId): DeviceKey => ({ app: app.no, user, device });

  const page: DeviceWorld['page'] = (user, device, timeline, change) =>
    ports.queues.page({
      key: keyOf(user, device),
      timeline,
      connectedAt: 0,
      limit: 100,
      now: clock.now(),
      ...change,
    });

  return {
    ...world,
    begin: (user, device, session = `${device}-1`, node = ports.node) =>
      ports.devices.begin(keyOf(user, device), { session, node, platform: 'web', now: clock.now() }),
    end: (user, device, session = `${device}-1`) =>
      ports.devices.end([{ ...keyOf(user, device), session, now: clock.now() }]),
    page,
    drain: async (user, device, timeline, change) => {
      const first = await page(user, device, timeline, change);
      const items = [...first.items];
      let { next, more } = first;
      for (let pages = 1; more; pages += 1) {
        assert(pages < 1_000, 'a queue ends');
        const following = await page(user, device, timeline, { ...change, after: next });
        items.push(...following.items);
        ({ next, more } = following);
      }
      return { items, next };
    },
    confirm: (user, device, timeline, through) =>
      ports.devices.confirm([{ ...keyOf(user, device), timeline, through }]),
    waiting: async (user, device) =>
      (await ports.queues.pending(keyOf(user, device), 100)).map(({ timeline, count }) => [timeline, count]),
  };
}

/** The ids of items, as tests name them. */
export const idsOf = (items: readonly Item[]): readonly string[] => items.map(({ itemId }) => itemId);
