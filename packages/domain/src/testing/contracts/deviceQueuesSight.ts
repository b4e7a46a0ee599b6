import { describe, expect, it } from 'vitest';
import { groupTimeline, pairTimeline } from '../../kernel/stream.js';
import { deleteSample, groupSample } from '../samples.js';
import { idsOf, withDevices } from './deviceSupport.js';
import type { DeviceWorld } from './deviceSupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const pair = pairTimeline('u1', 'u2');
const group = { kind: 'groupchat', id: 'g1' } as const;
const inGroup = groupTimeline(group.id);
const toGroup = { chatKind: 'groupchat', to: 'g1', from: 'owner' } as const;

/** What of a queue is for a device. */
export function describeDeviceQueuesSight(name: string, harness: StorageHarness): void {
  describe(`DeviceQueues, sight: ${name}`, () => {
    const world = useWorld(harness);
    const devices = () => withDevices(world());
    describe('what is for a device', () => describeSight(devices));
    describe('in a group, a device', () => describeMemberships(devices));
  });
}

function describeSight(devices: () => DeviceWorld): void {
  const received = async (world: DeviceWorld, user: string, device = 'web') =>
    idsOf((await world.drain(user, device, pair, { limit: 2 })).items);

  it('is no message that was recalled, expired, imported, or deleted with its roaming', async () => {
    const world = devices();
    const { app, clock, begin, send, recall, one } = world;
    await begin('u2', 'web');
    await send();
    await one(deleteSample({ app: app.no, user: 'u2', channel: 'u1', noticeId: null, now: clock.now() }));
    const kept = await send();
    await one(deleteSample({ app: app.no, user: 'u2', channel: 'u1', deleteRoaming: false, noticeId: null }));
    const recalled = await send();
    await recall(recalled, { syncSender: true, by: 'u2', to: 'u1', authority: 'app' });
    await send({ flags: { imported: true } });
    await send({ expiresAt: clock.now() + 2_000 });
    const unlisted = await send({ flags: { noRoam: true, unlisted: true } });
    clock.advance(5_000);

    const [first, ...others] = await received(world, 'u2');

    expect(first).toBe(kept);
    expect(others).toContain(unlisted);
    expect(others).toHaveLength(2);
  });

  it('is not what it did itself, but what the user did on others', async () => {
    const world = devices();
    const { begin, send, recall, ids } = world;
    for (const device of ['web', 'phone']) await begin('u1', device);
    const recallId = ids.next();
    const first = await send({ originDevice: 'web' });
    const second = await send({ originDevice: 'phone' });
    await recall(second, { recallId, originDevice: 'web' });

    expect(await received(world, 'u1', 'web')).toEqual([]);
    expect(await received(world, 'u1', 'phone')).toEqual([first, recallId]);
    expect(await received(world, 'u2', 'web')).toEqual([first, recallId]);
  });

  it('is not for the sender’s devices what says so', async () => {
    const world = devices();
    const { begin, send, recall } = world;
    await begin('u1', 'web');
    const msgId = await send({ flags: { notToSender: true } });
    expect(await received(world, 'u1')).toEqual([]);
    expect(await received(world, 'u2')).toEqual([msgId]);

    await recall(msgId, { syncSender: false });
    expect(await received(world, 'u1')).toEqual([]);
    expect(await received(world, 'u2')).toHaveLength(1);
  });

  it('is what is only for connected devices as far as it was sent since the device connected', async () => {
    const { begin, send, drain } = devices();
    const flags = { onlineOnly: true } as const;
    await begin('u2', 'web');
    await send({ flags });
    const { connectedAt } = await begin('u2', 'web', 'web-2');
    const later = await send({ flags });

    expect(idsOf((await drain('u2', 'web', pair, { connectedAt })).items)).toEqual([later]);
  });

  it('is in a group only for those whom a message is directed to', async () => {
    const { ports, app, begin, send, page } = devices();
    await ports.chats.create(groupSample(app.no, group.id), ['u2', 'u3']);
    for (const user of ['u2', 'u3', 'owner']) await begin(user, 'web');
    const msgId = await send({ ...toGroup, directedTo: ['u2'] });

    for (const user of ['u2', 'owner']) {
      expect(idsOf((await page(user, 'web', inGroup)).items)).toEqual([msgId]);
    }
    expect(await page('u3', 'web', inGroup)).toMatchObject({ items: [], next: { position: 1 } });
  });
}

function describeMemberships(devices: () => DeviceWorld): void {
  it('gets what came while its user was a member, each time, and nothing else', async () => {
    const { ports, app, begin, send, recall, drain } = devices();
    await ports.chats.create(groupSample(app.no, group.id), []);
    await begin('u2', 'web');
    const expected: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const outside = await send(toGroup);
      await ports.chats.addMembers(app.no, group, ['u2']);
      expected.push(await send(toGroup), await send(toGroup));
      await ports.chats.removeMembers(app.no, group, ['u2']);
      await recall(outside, { chatKind: 'groupchat', to: 'g1', by: 'owner' });
    }

    for (let limit = 1; limit <= 7; limit += 1) {
      const { items } = await drain('u2', 'web', inGroup, { limit });
      expect(idsOf(items)).toEqual(expected);
    }
  });

  it('starts with the membership, and ends with it', async () => {
    const { ports, app, begin, send, page } = devices();
    await ports.chats.create(groupSample(app.no, group.id), []);
    await begin('u2', 'web');
    for (let n = 0; n < 3; n += 1) await send(toGroup);
    await ports.chats.addMembers(app.no, group, ['u2']);
    const msgId = await send(toGroup);
    await ports.chats.removeMembers(app.no, group, ['u2']);
    for (let n = 0; n < 3; n += 1) await send(toGroup);

    const { items, next, more } = await page('u2', 'web', inGroup, { limit: 1 });

    expect(idsOf(items)).toEqual([msgId]);
    expect([next.position, more]).toEqual([4, false]);
  });

  it('gets the recall of a message that came before its user did', async () => {
    const { ports, app, ids, begin, send, recall, drain } = devices();
    await ports.chats.create(groupSample(app.no, group.id), []);
    await begin('u2', 'web');
    const before = await send(toGroup);
    await ports.chats.addMembers(app.no, group, ['u2']);
    const recallId = ids.next();
    await recall(before, { recallId, chatKind: 'groupchat', to: 'g1', by: 'owner' });

    expect(idsOf((await drain('u2', 'web', inGroup)).items)).toEqual([recallId]);
  });
}
