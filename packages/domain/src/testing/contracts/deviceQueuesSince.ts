import { describe, expect, it } from 'vitest';
import type { Position, UserId } from '../../kernel/ids.js';
import type { Item } from '../../timeline/item.js';
import { deleteSample, groupSample, sendSample } from '../samples.js';
import type { World } from '../world.js';
import { idsOf } from './deviceSupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const group = { kind: 'groupchat', id: 'g1' } as const;
const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;

interface Asked {
  readonly after?: Position;
  readonly connectedAt?: Position;
  readonly limit?: number;
}

/** All of a user's timelines together, in the log's order. */
export function describeDeviceQueuesSince(name: string, harness: StorageHarness): void {
  describe(`DeviceQueues, since: ${name}`, () => {
    const world = useWorld(harness);
    describe('what came', () => describeOrder(world));
    describe('what is for the user', () => describeSight(world));
    describe('a long part of the log', () => describeFar(world));
  });
}

function look({ ports, app, clock }: World, user: UserId, asked: Asked = {}) {
  const query = { app: app.no, user, after: 0, connectedAt: 0, limit: 100, now: clock.now() };
  return ports.queues.since({ ...query, ...asked });
}

/** Page after page, as long as there is more. */
async function lookAll(world: World, user: UserId, asked: Asked): Promise<readonly Item[]> {
  const items: Item[] = [];
  let { after = 0 } = asked;
  for (let pages = 0; ; pages += 1) {
    expect(pages).toBeLessThan(200);
    const page = await look(world, user, { ...asked, after });
    items.push(...page.items);
    if (!page.more) return items;
    expect(page.through).toBeGreaterThan(after);
    after = page.through;
  }
}

/** u2 gets messages and notices in a pair, another pair, a group and the own timeline; others write in between. */
async function traffic(world: World): Promise<readonly string[]> {
  const { ports, app, ids, send, recall, one } = world;
  await ports.chats.create(groupSample(app.no, group.id), ['u2']);
  const recallId = ids.next();
  const noticeId = ids.next();
  const first = await send();
  await send({ from: 'u8', to: 'u9' });
  const inGroup = await send({ ...toGroup, from: 'owner' });
  await recall(first, { recallId });
  const third = await send({ from: 'u3', to: 'u2' });
  await one(deleteSample({ app: app.no, user: 'u2', channel: 'u4', noticeId }));
  await send({ from: 'u8', to: 'u9' });
  await send({ from: 'u2', to: 'u4' });
  await one(deleteSample({ app: app.no, user: 'u2', channel: 'u4', deleteRoaming: false, noticeId }));
  const last = await send({ ...toGroup, from: 'owner' });
  return [inGroup, recallId, third, noticeId, last];
}

function describeOrder(world: () => World): void {
  it('is in the log’s order, whatever timeline it stands in', async () => {
    const expected = await traffic(world());

    const { items, more } = await look(world(), 'u2');

    expect(idsOf(items).filter((id) => expected.includes(id))).toEqual(expected);
    expect(more).toBe(false);
    const positions = items.map(({ eventPosition }) => eventPosition);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it.each([1, 2, 3, 5])('is the same page by page, %i items at a time', async (limit) => {
    await traffic(world());
    const { items } = await look(world(), 'u2');

    expect(await lookAll(world(), 'u2', { limit })).toEqual(items);
  });

  it('comes in order from many timelines with many items each', async () => {
    const { app, loop, ids, clock } = world();
    const commands = Array.from({ length: 400 }, (_, n) =>
      sendSample({ app: app.no, msgId: ids.next(), from: `p${n < 150 ? n % 3 : n % 7}`, now: clock.now() }),
    );
    await Promise.all(commands.map((command) => loop.submit([command])));
    const expected = commands.map(({ msgId }) => msgId);

    expect(idsOf((await look(world(), 'u2', { limit: 400 })).items)).toEqual(expected);
    for (const limit of [10, 30, 100]) {
      expect(idsOf(await lookAll(world(), 'u2', { limit }))).toEqual(expected);
    }
  });

  it('comes in order where most of it is not for the user', async () => {
    const { send, recall } = world();
    const recalled = [await send(), await send({ from: 'u3', to: 'u2' })];
    const first = await send({ from: 'u4', to: 'u2' });
    const others = [await send(), await send({ from: 'u3', to: 'u2' })];
    for (const msgId of recalled) await recall(msgId, { by: 'u2', to: 'u2' });

    const all = idsOf(await lookAll(world(), 'u2', { limit: 1 }));
    expect(all.slice(0, 3)).toEqual([first, ...others]);
  });

  it('starts after each position, with what stands behind it', async () => {
    await traffic(world());
    const { items } = await look(world(), 'u2');

    for (const { eventPosition: after } of items) {
      const behind = items.filter(({ eventPosition }) => eventPosition > after);
      expect(await lookAll(world(), 'u2', { after, limit: 2 })).toEqual(behind);
    }
  });

  it('is looked at up to the end of the log, however little of it is the user’s', async () => {
    const { ports, send } = world();
    await send();
    await send({ from: 'u8', to: 'u9' });
    const { through: end } = await ports.log.read({ after: 0, limit: 10 });

    const { items, through } = await look(world(), 'u2');

    expect([items.length, through]).toEqual([1, end]);
    expect(await look(world(), 'u2', { after: through })).toEqual({ items: [], through, more: false });
    const next = await send();
    expect(idsOf((await look(world(), 'u2', { after: through })).items)).toEqual([next]);
  });

  it('is nothing behind the end, and it never goes back', async () => {
    await world().send();
    const after = 1_000_000;

    expect(await look(world(), 'u2', { after })).toEqual({ items: [], through: after, more: false });
  });
}

function describeSight(world: () => World): void {
  it('is not what was recalled or expired, nor what others write to each other', async () => {
    const { clock, send, recall } = world();
    await send({ from: 'u8', to: 'u9' });
    const recalled = await send();
    await send({ expiresAt: clock.now() + 2_000 });
    const seen = await send();
    await recall(recalled);
    clock.advance(10_000);

    expect((await look(world(), 'u2')).items).toMatchObject([
      { itemId: seen },
      { kind: 'recall', recalledId: recalled },
    ]);
  });

  it('is a group’s as long as the user is in it', async () => {
    const { ports, app, send } = world();
    await ports.chats.create(groupSample(app.no, group.id), []);
    const from = { ...toGroup, from: 'owner' };
    await send(from);
    await ports.chats.addMembers(app.no, group, ['u2']);
    const during = await send(from);
    await ports.chats.removeMembers(app.no, group, ['u2']);
    await send(from);
    await ports.chats.addMembers(app.no, group, ['u2']);
    const again = await send(from);

    expect(idsOf((await look(world(), 'u2')).items)).toEqual([during, again]);
    expect(idsOf(await lookAll(world(), 'u2', { limit: 1 }))).toEqual([during, again]);
    expect((await look(world(), 'u3')).items).toEqual([]);
  });

  it('is what is only for connected devices as far as it came after the listener', async () => {
    const { ports, send } = world();
    await send({ flags: { onlineOnly: true } });
    const { through: connectedAt } = await ports.log.read({ after: 0, limit: 10 });
    const later = await send({ flags: { onlineOnly: true } });

    expect(idsOf((await look(world(), 'u2', { connectedAt })).items)).toEqual([later]);
  });

  it('is also what the user’s own devices did', async () => {
    const { send } = world();
    const own = await send({ originDevice: 'web' });

    expect(idsOf((await look(world(), 'u1')).items)).toEqual([own]);
  });

  it('is its app’s alone', async () => {
    const { ports, app, clock, send } = world();
    await send();

    const query = { app: app.no + 1, user: 'u2', after: 0, connectedAt: 0, limit: 10, now: clock.now() };
    expect((await ports.queues.since(query)).items).toEqual([]);
  });
}

/** More events than a store looks through one by one. */
const many = 1_100;

function describeFar(world: () => World): void {
  /** Others’ messages, in batches: the log gets long. */
  async function meanwhile({ app, loop, ids, clock }: World): Promise<void> {
    await Promise.all(
      Array.from({ length: many }, () =>
        loop.submit([sendSample({ app: app.no, msgId: ids.next(), from: 'u8', to: 'u9', now: clock.now() })]),
      ),
    );
  }

  it('shows what is the user’s, before it, behind it and page by page', async () => {
    const before = await traffic(world());
    await meanwhile(world());
    const after = [await world().send(), await world().send({ from: 'u3', to: 'u2' })];
    const { items } = await look(world(), 'u2');

    expect(idsOf(items).filter((id) => [...before, ...after].includes(id))).toEqual([...before, ...after]);
    expect(await lookAll(world(), 'u2', { limit: 1 })).toEqual(items);
    for (const { eventPosition } of items) {
      const behind = items.filter((item) => item.eventPosition > eventPosition);
      expect(await lookAll(world(), 'u2', { after: eventPosition, limit: 3 })).toEqual(behind);
    }
  });

  it('begins in the middle of what is the user’s', async () => {
    const { send } = world();
    for (let n = 0; n < 20; n += 1) await send();
    await meanwhile(world());
    await send();
    const { items } = await look(world(), 'u2');

    for (const after of items.map(({ eventPosition }) => eventPosition)) {
      const behind = items.filter(({ eventPosition }) => eventPosition > after);
      expect(await lookAll(world(), 'u2', { after, limit: 7 })).toEqual(behind);
    }
  });
}
