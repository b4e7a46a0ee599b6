import { describe, expect, it } from 'vitest';
import type { DeleteRoaming, UnwantedRoaming } from '../../conversation/deleteRoaming.js';
import { pairTimeline, roomTimeline, userTimeline } from '../../kernel/stream.js';
import { deleteRoamingSample, groupSample, readSample, roomSample } from '../samples.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { idsOf, withDevices } from './deviceSupport.js';

const pair = pairTimeline('u1', 'u2');
const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;

/** What deleting a part of a chat's roaming does to one user's history, list and devices, and to nobody else's. */
export function describeDeletedRoaming(name: string, harness: StorageHarness): void {
  describe(`TimelineReader, roaming that was deleted: ${name}`, () => {
    const world = useWorld(harness);
    const remove = (unwanted: UnwantedRoaming, change: Partial<DeleteRoaming> = {}) => {
      const { app, clock, ids, one } = world();
      const now = clock.now();
      return one<'DeleteRoaming'>(
        deleteRoamingSample({ app: app.no, now, noticeId: ids.next(), unwanted, ...change }),
      );
    };
    const removeIds = (...msgIds: readonly string[]) => remove({ by: 'ids', msgIds });
    const removeThrough = (sentThrough: number) => remove({ by: 'time', sentThrough });
    const history = async (user: string, channel: string) => idsOf(await world().roaming(user, channel));
    const list = async (user: string) =>
      (await world().conversations(user)).map((view) => [
        view.channel,
        view.lastMessage?.itemId,
        view.unread,
      ]);
    const together = (user: string) =>
      world().ports.timelines.unreadOneToOne(world().app.no, user, world().clock.now());
    const queued = async (user: string, timeline = pair) =>
      idsOf((await withDevices(world()).drain(user, 'phone', timeline)).items);
    const streamed = async (user: string) => {
      const { ports, app, clock } = world();
      const query = { app: app.no, user, after: 0, connectedAt: 0, limit: 100, now: clock.now() };
      return idsOf((await ports.queues.since(query)).items);
    };

    it('by ids is gone from history, previews, counts and queues of that user', async () => {
      const { send } = world();
      const [first, second, third] = [await send(), await send(), await send()];
      await removeIds(first, third);

      expect(await history('u2', 'u1')).toEqual([second]);
      expect([await list('u2'), await together('u2')]).toEqual([[['u1', second, 1]], 1]);
      expect(await queued('u2')).toEqual([second]);
      expect((await streamed('u2')).filter((id) => [first, second, third].includes(id))).toEqual([second]);
    });

    it('is still there for everybody else', async () => {
      const { ports, app, send } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
      const [direct, inGroup] = [await send(), await send(toGroup)];
      await removeIds(direct);
      await remove({ by: 'ids', msgIds: [inGroup] }, { kind: 'groupchat', channel: 'g1' });

      expect(await list('u2')).toEqual([]);
      expect(await history('u1', 'u2')).toEqual([direct]);
      expect(idsOf(await world().roaming('u3', 'g1', { kind: 'groupchat' }))).toEqual([inGroup]);
      expect(await list('u3')).toEqual([['g1', inGroup, 1]]);
      expect(await list('u1')).toEqual([
        ['g1', inGroup, 0],
        ['u2', direct, 0],
      ]);
    });

    it('takes the conversation off the list with the last of it, until a new message', async () => {
      const { send } = world();
      const [first, second] = [await send(), await send()];
      await removeIds(first);
      await removeIds(second);
      expect([await list('u2'), await together('u2')]).toEqual([[], 0]);

      const third = await send();

      expect(await list('u2')).toEqual([['u1', third, 1]]);
      expect(await history('u2', 'u1')).toEqual([third]);
    });

    it('by time is what was sent until then', async () => {
      const { clock, send } = world();
      const first = await send();
      const firstAt = clock.now();
      const second = await send();
      await removeThrough(firstAt - 1);
      expect(await history('u2', 'u1')).toEqual([first, second]);

      await removeThrough(firstAt);

      expect(await history('u2', 'u1')).toEqual([second]);
      expect([await list('u2'), await queued('u2')]).toEqual([[['u1', second, 1]], [second]]);
      expect(await history('u1', 'u2')).toEqual([first, second]);
    });

    it('by a time that is to come is nothing that comes', async () => {
      const { clock, send } = world();
      await send();
      await removeThrough(clock.now() + 3_600_000);
      const later = await send({ now: clock.now() - 1_000 });

      expect(await history('u2', 'u1')).toEqual([later]);
      expect(await list('u2')).toEqual([['u1', later, 1]]);
    });

    it('by time is also history that was brought in', async () => {
      const { clock, send } = world();
      const now = clock.now();
      const live = await send();
      await send({ now: now - 86_400_000, flags: { imported: true } });
      await removeThrough(now - 3_600_000);

      expect(await history('u2', 'u1')).toEqual([live]);
      expect(await list('u2')).toEqual([['u1', live, 1]]);
    });

    it('is paged over', async () => {
      const { ports, app, clock, send } = world();
      const sent: string[] = [];
      for (let n = 0; n < 8; n += 1) sent.push(await send());
      await removeIds(...sent.filter((_, n) => n % 2 === 0));
      const query = { app: app.no, timeline: pair, user: 'u2', limit: 2, now: clock.now() } as const;

      const pages = await allPages((from) =>
        ports.timelines.roaming({
          ...query,
          order: 'oldestFirst',
          ...(from === undefined ? {} : { from }),
        }),
      );

      expect(pages.map(idsOf)).toEqual([
        [sent[1], sent[3]],
        [sent[5], sent[7]],
      ]);
    });

    it('is not unread, and what is left stays read', async () => {
      const { app, clock, ids, one, send } = world();
      const [first, second] = [await send(), await send()];
      await one(readSample({ app: app.no, now: clock.now(), noticeId: ids.next() }));
      const third = await send();
      await removeIds(third);

      expect(await list('u2')).toEqual([['u1', second, 0]]);
      await removeIds(second);
      expect(await list('u2')).toEqual([['u1', first, 0]]);
    });

    it('of a room is gone from its history', async () => {
      const { ports, app, clock, send, roaming } = world();
      await ports.chats.create(roomSample(app.no, 'r1', { owner: 'u1' }), ['u2']);
      const toRoom = { chatKind: 'chatroom', to: 'r1' } as const;
      const ofRoom = { kind: 'chatroom', channel: 'r1' } as const;
      await send(toRoom);
      const firstAt = clock.now();
      const [second, third] = [await send(toRoom), await send(toRoom)];
      await remove({ by: 'time', sentThrough: firstAt }, ofRoom);
      await remove({ by: 'ids', msgIds: [third] }, ofRoom);

      expect(idsOf(await roaming('u2', 'r1', { kind: 'chatroom' }))).toEqual([second]);
      expect(await queued('u2', roomTimeline('r1'))).toEqual([second]);
    });

    it('again changes nothing, and is told once', async () => {
      const { send } = world();
      const msgId = await send();
      const first = await removeIds(msgId);
      const again = await removeIds(msgId);

      expect([first.ok && first.events.length, again.ok && again.events.length]).toEqual([1, 0]);
      expect(await queued('u2', userTimeline('u2'))).toHaveLength(1);
    });

    it('is told to the user’s devices, unless nobody is to be told', async () => {
      const { send } = world();
      const [first, second] = [await send(), await send()];
      await remove({ by: 'ids', msgIds: [first] }, { originDevice: 'tablet' });
      await remove({ by: 'ids', msgIds: [second] }, { noticeId: null });

      const { items } = await withDevices(world()).drain('u2', 'phone', userTimeline('u2'));
      const own = await withDevices(world()).drain('u2', 'tablet', userTimeline('u2'));

      expect(items).toMatchObject([
        { kind: 'roamingDeletion', conversation: 'chat', channel: 'u1', originDevice: 'tablet' },
      ]);
      expect(own.items).toEqual([]);
      expect(await queued('u1', userTimeline('u1'))).toEqual([]);
    });

    it('many times over is all of it', async () => {
      const { send } = world();
      const sent: string[] = [];
      for (let n = 0; n < 20; n += 1) sent.push(await send());
      for (const msgId of sent.slice(0, 19)) await removeIds(msgId);

      expect([await history('u2', 'u1'), await queued('u2')]).toEqual([[sent[19]], [sent[19]]]);
      expect(await list('u2')).toEqual([['u1', sent[19], 1]]);
    });
  });

  describe(`TimelineReader, a user’s chats: ${name}`, () => {
    const world = useWorld(harness);

    it('are those with something in them that the user has or had a part in, page by page', async () => {
      const { ports, app, send, deleteConversation } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
      await ports.chats.create(groupSample(app.no, 'g2', { owner: 'u1' }), []);
      await ports.chats.create(roomSample(app.no, 'r1', { owner: 'u1' }), ['u2']);
      await send();
      await send({ from: 'u2', to: 'u2' });
      await send({ from: 'u3', to: 'u2' });
      await send({ from: 'u3', to: 'u4' });
      await send(toGroup);
      await send({ chatKind: 'groupchat', to: 'g2' });
      await send({ chatKind: 'chatroom', to: 'r1' });
      await ports.chats.removeMembers(app.no, { kind: 'groupchat', id: 'g1' }, ['u2']);
      await ports.chats.addMembers(app.no, { kind: 'groupchat', id: 'g1' }, ['u2']);
      await deleteConversation({ user: 'u2', channel: 'u1', noticeId: world().ids.next() });

      const pages = await allPages((from) =>
        ports.timelines.chats({
          app: app.no,
          user: 'u2',
          limit: 2,
          ...(from === undefined ? {} : { from }),
        }),
      );

      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(pages.flat()).toEqual([
        { kind: 'groupchat', channel: 'g1' },
        { kind: 'chat', channel: 'u1' },
        { kind: 'chat', channel: 'u2' },
        { kind: 'chat', channel: 'u3' },
        { kind: 'chatroom', channel: 'r1' },
      ]);
    });
  });
}
