import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assert } from '../../kernel/assert.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { TimelineCursor } from '../../ports/devices.js';
import type { Item } from '../../timeline/item.js';
import { stretchAfter } from '../../timeline/membership.js';
import { groupSample } from '../samples.js';
import { createWorld } from '../world.js';
import { modelGroup, referenceOf, timelinesOf } from './deviceModel.js';
import type { ModelDevice, Reference } from './deviceModel.js';
import { idsOf, withDevices } from './deviceSupport.js';
import type { DeviceWorld } from './deviceSupport.js';
import { comeOrGo, deviceOf, nameOf, userOf, write } from './deviceTraffic.js';
import type { Scene, Step } from './deviceTraffic.js';
import type { StorageHarness } from './support.js';

const type = fc.oneof(
  { weight: 10, arbitrary: fc.constant('send' as const) },
  { weight: 9, arbitrary: fc.constant('pull' as const) },
  { weight: 4, arbitrary: fc.constantFrom('recall' as const, 'confirm' as const, 'connect' as const) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...(['acknowledge', 'read', 'join', 'leave', 'crash', 'listen', 'wait'] as const),
      ...(['delete', 'deleteRoaming'] as const),
    ),
  },
);
const step: fc.Arbitrary<Step> = fc.record({
  type,
  user: fc.nat(2),
  device: fc.nat(1),
  peer: fc.oneof({ weight: 2, arbitrary: fc.constant(3) }, fc.nat(2)),
  nth: fc.nat(7),
  flag: fc.boolean(),
  limit: fc.integer({ min: 1, max: 4 }),
});

/**
 * Properties over whole histories of what devices get; `runs` histories. Not part of
 * `describeStoragePorts`: a run makes storage of its own.
 */
export function describeDeviceHistories(name: string, harness: StorageHarness, runs: number): void {
  describe(`device histories: ${name}`, () => {
    it('each device gets all that it may see, in order, and nothing again that it has confirmed', () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          const { ports, close } = await harness.make();
          try {
            const scene = await sceneOn(withDevices(await createWorld(ports)));
            for (const each of steps) await take(scene, each);
            for (const device of scene.devices.values()) await finish(scene, device);
          } finally {
            await close();
          }
        }),
        { numRuns: runs },
      ));
  });
}

async function sceneOn(world: DeviceWorld): Promise<Scene> {
  await world.ports.chats.create(groupSample(world.app.no, modelGroup.id), ['u1']);
  return {
    ...world,
    spans: new Map([['u1', [{ from: 0, through: null }]]]),
    devices: new Map(),
    pulled: new Map(),
    sent: [],
    heard: new Map(),
  };
}

function take(scene: Scene, next: Step): Promise<void> {
  switch (next.type) {
    case 'connect':
      return connect(scene, next);
    case 'pull':
      return pull(scene, next);
    case 'confirm':
      return confirm(scene, next);
    case 'crash':
      scene.pulled.delete(deviceKey(next));
      return Promise.resolve();
    case 'listen':
      return listen(scene, next);
    case 'join':
    case 'leave':
      return comeOrGo(scene, next);
    case 'wait':
      scene.clock.advance(30_000);
      return Promise.resolve();
    default:
      return write(scene, next);
  }
}

const deviceKey = (next: Step): string => `${userOf(next)} ${deviceOf(next)}`;

async function connect(scene: Scene, next: Step): Promise<void> {
  const [user, device] = [userOf(next), deviceOf(next)];
  const { connectedAt } = await scene.begin(user, device, `session ${scene.ids.next()}`);
  const known = scene.devices.get(deviceKey(next));
  scene.pulled.delete(deviceKey(next));
  if (known !== undefined) {
    known.connectedAt = connectedAt;
    return;
  }
  const born = new Map<TimelineId, number>();
  for (const other of scene.devices.values()) {
    if (other.user !== user) continue;
    for (const [timeline, position] of other.confirmed) {
      born.set(timeline, Math.max(born.get(timeline) ?? 0, position));
    }
  }
  const confirmed = new Map(born);
  scene.devices.set(deviceKey(next), { user, device, connectedAt, born, confirmed, arrived: new Set() });
}

/** One page of one queue, after what the session has pulled: it must be the next of what a look at everything says. */
async function pull(scene: Scene, next: Step): Promise<void> {
  if (!scene.devices.has(deviceKey(next))) await connect(scene, next);
  const model = scene.devices.get(deviceKey(next));
  assert(model !== undefined, 'who pulls has connected');
  await checkPending(scene, model);
  const { user, device, connectedAt, confirmed, arrived } = model;
  const timeline = nameOf(timelinesOf(user), next.nth);
  const pulled = scene.pulled.get(deviceKey(next)) ?? new Map<TimelineId, TimelineCursor>();
  scene.pulled.set(deviceKey(next), pulled);
  const after = pulled.get(timeline);
  const start = after?.position ?? confirmed.get(timeline) ?? 0;
  const { seen } = await referenceOf(scene, scene.spans);
  const expected = seen(timeline, model).filter(({ position }) => position > start);

  const rest = after === undefined ? {} : { after };
  const page = await scene.page(user, device, timeline, { connectedAt, limit: next.limit, ...rest });

  expect(page.items).toEqual(expected.slice(0, next.limit));
  const passed = expected.filter(({ position }) => position <= page.next.position);
  expect(page.items).toEqual(passed);
  if (!page.more) expect(passed).toEqual(expected);
  pulled.set(timeline, page.next);
  for (const id of idsOf(page.items)) arrived.add(id);
}

/** Each queue that still can have something waits, and no other; none has more than it says. */
async function checkPending(scene: Scene, model: ModelDevice): Promise<void> {
  const { user, device, confirmed } = model;
  const reference = await referenceOf(scene, scene.spans);
  const waiting = new Map(await scene.waiting(user, device));

  const open = timelinesOf(user).filter((timeline) => isOpen(reference, model, timeline));
  expect([...waiting.keys()].toSorted()).toEqual(open.toSorted());
  for (const [timeline, count] of waiting) {
    const behind = (item: Item) => item.position > (confirmed.get(timeline) ?? 0);
    expect(count).toBeGreaterThanOrEqual(reference.seen(timeline, model).filter(behind).length);
  }
}

function isOpen(
  { headOf, spansOf }: Reference,
  { user, confirmed }: ModelDevice,
  timeline: TimelineId,
): boolean {
  const stretch = stretchAfter(spansOf(timeline, user), confirmed.get(timeline) ?? 0);
  return stretch !== undefined && (stretch.through ?? headOf(timeline)) > stretch.from;
}

async function confirm(scene: Scene, next: Step): Promise<void> {
  const model = scene.devices.get(deviceKey(next));
  const pulled = scene.pulled.get(deviceKey(next));
  if (model === undefined || pulled === undefined) return;
  const { user, device, confirmed } = model;
  const { headOf } = await referenceOf(scene, scene.spans);
  for (const [timeline, through] of pulled) {
    await scene.confirm(user, device, timeline, through);
    if (headOf(timeline) === 0) continue;
    confirmed.set(timeline, Math.max(confirmed.get(timeline) ?? 0, through.position));
  }
}

/** Everything in all of a user's timelines since the user listened last, page by page. */
async function listen(scene: Scene, next: Step): Promise<void> {
  const { ports, app, clock, heard } = scene;
  const user = userOf(next);
  const from = heard.get(user) ?? 0;
  const { seen, end } = await referenceOf(scene, scene.spans);
  const expected = timelinesOf(user)
    .flatMap((timeline) => seen(timeline, { user, device: null, connectedAt: 0 }))
    .filter(({ eventPosition }) => eventPosition > from)
    .sort((a, b) => a.eventPosition - b.eventPosition);
  const items: Item[] = [];
  let after = from;
  for (let more = true; more;) {
    const query = { app: app.no, user, after, connectedAt: 0, limit: next.limit, now: clock.now() };
    const page = await ports.queues.since(query);
    if (page.more) expect(page.through).toBeGreaterThan(after);
    items.push(...page.items);
    ({ more, through: after } = page);
  }
  expect(items).toEqual(expected);
  expect(after).toBe(Math.max(from, end));
  heard.set(user, after);
}

/** The device comes back once more and takes everything: then it has all that it may see now. */
async function finish(scene: Scene, model: ModelDevice): Promise<void> {
  const { user, device, connectedAt, born, arrived } = model;
  const { seen } = await referenceOf(scene, scene.spans);
  for (const timeline of timelinesOf(user)) {
    const { items, next } = await scene.drain(user, device, timeline, { connectedAt, limit: 2 });
    await scene.confirm(user, device, timeline, next);
    for (const id of idsOf(items)) arrived.add(id);
    const since = seen(timeline, model).filter(({ position }) => position > (born.get(timeline) ?? 0));
    expect(idsOf(since).filter((id) => !arrived.has(id))).toEqual([]);
  }
  expect(await scene.waiting(user, device)).toEqual([]);
}
