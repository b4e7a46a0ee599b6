import { describe, expect, it } from 'vitest';
import { groupTimeline, pairTimeline } from '../../kernel/stream.js';
import { groupSample, userSample } from '../samples.js';
import { idsOf, withDevices } from './deviceSupport.js';
import type { DeviceWorld } from './deviceSupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const pair = pairTimeline('u1', 'u2');
const group = { kind: 'groupchat', id: 'g1' } as const;

/** What somebody gets who has the name of a user that was removed. */
export function describeFormerUsers(name: string, harness: StorageHarness): void {
  describe(`former users: ${name}`, () => {
    const world = useWorld(harness);
    const devices = () => withDevices(world());

    it('are removed with their devices, and nobody else’s', async () => {
      const { ports, app, begin } = await withRegistered(devices(), 'u1', 'u2');
      await begin('u1', 'web');
      await begin('u1', 'phone');
      await begin('u2', 'web');

      await ports.users.remove(app.no, 'u2');

      expect(await ports.devices.list(app.no, 'u2')).toEqual([]);
      expect(await ports.devices.list(app.no, 'u1')).toHaveLength(2);
    });

    it('leave nothing that waits to the next one of their name: what is said from then on arrives', async () => {
      const scene = await withRegistered(devices(), 'u2');
      const { ports, app, begin, send, recall, drain, waiting } = scene;
      await ports.chats.create(groupSample(app.no, group.id), ['u2']);
      const old = await send();
      await recall(old);
      await send();
      await send({ from: 'u2', to: 'u3' });
      await send({ from: 'owner', chatKind: 'groupchat', to: 'g1' });
      await ports.users.remove(app.no, 'u2');
      await send();
      await ports.users.register([userSample(app.no, 'u2', { uuid: 'the next' })]);
      await begin('u2', 'web');

      expect(await waiting('u2', 'web')).toEqual([]);
      expect((await drain('u2', 'web', pair)).items).toEqual([]);
      expect((await drain('u2', 'web', groupTimeline(group.id))).items).toEqual([]);
      expect(await listened(scene)).toEqual([]);

      const news = [await send(), await send({ from: 'owner', chatKind: 'groupchat', to: 'g1' })];
      expect(idsOf((await drain('u2', 'web', pair)).items)).toEqual(news.slice(0, 1));
      expect(idsOf((await drain('u2', 'web', groupTimeline(group.id))).items)).toEqual(news.slice(1));
      expect(await listened(scene)).toEqual(news);
      expect((await waiting('u2', 'web')).map(([timeline]) => timeline).toSorted()).toEqual([
        groupTimeline(group.id),
        pair,
      ]);
    });

    it('leave no history and no list to the next one of their name, and others keep theirs', async () => {
      const scene = await withRegistered(devices(), 'u2');
      const { ports, app, clock, send, roaming, conversations } = scene;
      const old = await send();
      await ports.users.remove(app.no, 'u2');
      await ports.users.register([userSample(app.no, 'u2', { uuid: 'the next' })]);
      const unread = () => ports.timelines.unreadOneToOne(app.no, 'u2', clock.now());

      expect(await roaming('u2', 'u1')).toEqual([]);
      expect(await conversations('u2')).toEqual([]);
      expect(await unread()).toBe(0);
      const news = await send();
      expect(idsOf(await roaming('u2', 'u1'))).toEqual([news]);
      expect(await conversations('u2')).toMatchObject([{ channel: 'u1', unread: 1 }]);
      expect(await unread()).toBe(1);
      expect(idsOf(await roaming('u1', 'u2'))).toEqual([old, news]);
    });

    it('are none of a name that nobody had: what was sent to it before waits', async () => {
      const { begin, send, drain } = devices();
      const msgId = await send();
      await withRegistered(devices(), 'u2');
      await begin('u2', 'web');

      expect(idsOf((await drain('u2', 'web', pair)).items)).toEqual([msgId]);
    });
  });
}

async function withRegistered(world: DeviceWorld, ...users: readonly string[]): Promise<DeviceWorld> {
  const { ports, app } = world;
  await ports.users.register(users.map((user) => userSample(app.no, user)));
  return world;
}

/** The ids of all that a listener gets of u2's from the start of the log on. */
async function listened({ ports, app, clock }: DeviceWorld): Promise<readonly string[]> {
  const query = { app: app.no, user: 'u2', after: 0, connectedAt: 0, limit: 100, now: clock.now() };
  return idsOf((await ports.queues.since(query)).items);
}
