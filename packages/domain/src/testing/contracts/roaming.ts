import { describe, expect, it } from 'vitest';
import { pairTimeline, roomTimeline } from '../../kernel/stream.js';
import type { MessageItem } from '../../timeline/item.js';
import { groupSample, roomSample } from '../samples.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const idsOf = (items: readonly MessageItem[]) => items.map(({ itemId }) => itemId);
const group = { kind: 'groupchat', id: 'g1' } as const;
const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;

/** History pulled from the server: who sees what, in which order, page by page. */
export function describeRoaming(name: string, harness: StorageHarness): void {
  describe(`TimelineReader, roaming: ${name}`, () => {
    const world = useWorld(harness);

    it('gives each message with everything that devices need of it', async () => {
      const { app, clock, send, roaming } = world();
      const sentAt = clock.now() + 1000;
      const first = await send({ originDevice: 'web_1', expiresAt: sentAt + 60_000, contentKind: 'img' });
      await send({ from: 'u2', to: 'u1' });

      const [item, reply] = await roaming('u2', 'u1');

      expect(item).toEqual({
        kind: 'message',
        app: app.no,
        timeline: pairTimeline('u1', 'u2'),
        position: 1,
        itemId: first,
        eventPosition: expect.any(Number),
        author: 'u1',
        originDevice: 'web_1',
        chat: { kind: 'chat', id: 'u2' },
        sentAt,
        flags: {},
        messageSeq: 1,
        contentKind: 'img',
        expiresAt: sentAt + 60_000,
        state: 'live',
      });
      expect(reply).toMatchObject({ position: 2, messageSeq: 2, author: 'u2', chat: { id: 'u1' } });
      expect(await roaming('u1', 'u2')).toEqual([item, reply]);
    });

    it('walks forward and back by the time of sending', async () => {
      const { send, roaming } = world();
      const sent = [await send(), await send(), await send()];

      expect(idsOf(await roaming('u1', 'u2', { order: 'oldestFirst' }))).toEqual(sent);
      expect(idsOf(await roaming('u1', 'u2', { order: 'newestFirst' }))).toEqual(sent.toReversed());
    });

    it('orders messages of one millisecond by their arrival', async () => {
      const { clock, send, roaming } = world();
      const now = clock.now();
      const sent = [await send({ now }), await send({ now }), await send({ now })];

      expect(idsOf(await roaming('u1', 'u2'))).toEqual(sent);
      expect(idsOf(await roaming('u1', 'u2', { order: 'newestFirst' }))).toEqual(sent.toReversed());
    });

    it.each(['oldestFirst', 'newestFirst'] as const)('pages without gaps, %s', async (order) => {
      const { ports, app, clock, send, recall } = world();
      const now = clock.now();
      const sent: string[] = [];
      for (let n = 0; n < 7; n += 1) sent.push(await send(n % 2 === 0 ? {} : { now }));
      await recall(sent[3] ?? '');
      const query = { app: app.no, timeline: pairTimeline('u1', 'u2'), user: 'u1', order, limit: 2 } as const;

      const pages = await allPages((from) =>
        ports.timelines.roaming({ ...query, now: clock.now(), ...(from === undefined ? {} : { from }) }),
      );

      expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
      expect(idsOf(pages.flat())).toEqual(idsOf(await world().roaming('u1', 'u2', { order })));
      expect(new Set(idsOf(pages.flat())).size).toBe(6);
    });

    it('goes on where it was while new messages arrive', async () => {
      const { ports, app, clock, send } = world();
      const sent = [await send(), await send(), await send()];
      const query = { app: app.no, timeline: pairTimeline('u1', 'u2'), user: 'u1', limit: 2 } as const;
      const back = { ...query, order: 'newestFirst', now: clock.now() } as const;
      const page = await ports.timelines.roaming(back);

      await send();

      const rest = await ports.timelines.roaming({ ...back, from: page.cursor ?? '' });
      expect(idsOf([...page.entities, ...rest.entities])).toEqual(sent.toReversed());
      expect(rest.cursor).toBeUndefined();
    });

    it.each(['no cursor of ours', '', '{}', '[]', '1', '%', 'AAAA'])(
      'reads a cursor that it never gave (%j) as the start',
      async (from) => {
        const { send, roaming } = world();
        const sent = [await send(), await send()];

        expect(idsOf(await roaming('u1', 'u2', { from }))).toEqual(sent);
      },
    );

    it('narrows down by kind of content and by inclusive bounds of time', async () => {
      const { clock, send, roaming } = world();
      const start = clock.now();
      const txt = await send();
      const img = await send({ contentKind: 'img' });
      const loc = await send({ contentKind: 'loc' });

      expect(idsOf(await roaming('u1', 'u2', { contentKinds: ['img', 'txt'] }))).toEqual([txt, img]);
      expect(idsOf(await roaming('u1', 'u2', { contentKinds: ['video'] }))).toEqual([]);
      expect(idsOf(await roaming('u1', 'u2', { sentFrom: start + 2000 }))).toEqual([img, loc]);
      expect(idsOf(await roaming('u1', 'u2', { sentThrough: start + 2000 }))).toEqual([txt, img]);
      const instant = { sentFrom: start + 2000, sentThrough: start + 2000 };
      expect(idsOf(await roaming('u1', 'u2', instant))).toEqual([img]);
    });

    it('has no recalled message, for nobody, and no notice in its place', async () => {
      const { send, recall, roaming } = world();
      const recalled = await send();
      const kept = await send();

      await recall(recalled);

      expect(idsOf(await roaming('u1', 'u2'))).toEqual([kept]);
      expect(idsOf(await roaming('u2', 'u1'))).toEqual([kept]);
    });

    it('has no message whose time ran out, whether or not it was swept', async () => {
      const { clock, send, roaming } = world();
      const expiresAt = clock.now() + 10_000;
      const brief = await send({ expiresAt });
      const lasting = await send();

      expect(idsOf(await roaming('u1', 'u2', { now: expiresAt - 1 }))).toEqual([brief, lasting]);
      expect(idsOf(await roaming('u1', 'u2', { now: expiresAt }))).toEqual([lasting]);
    });

    it('has no message that was sent without roaming or for connected devices only', async () => {
      const { send, roaming } = world();
      await send({ flags: { noRoam: true } });
      await send({ flags: { onlineOnly: true } });
      const kept = await send({ flags: { imported: true } });

      expect((await roaming('u1', 'u2')).map(({ itemId, flags }) => [itemId, flags])).toEqual([
        [kept, { imported: true }],
      ]);
    });

    it('shows a chat of two to these two only', async () => {
      const { ports, app, clock, send, roaming } = world();
      await send();

      const timeline = pairTimeline('u1', 'u2');
      const query = { app: app.no, timeline, order: 'oldestFirst', limit: 10, now: clock.now() } as const;
      expect((await ports.timelines.roaming({ ...query, user: 'u3' })).entities).toEqual([]);
      expect(await roaming('u3', 'u1')).toEqual([]);
    });

    it('deleted: that user sees later messages only, the other one sees them all', async () => {
      const { send, deleteConversation, roaming } = world();
      const before = await send();
      await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: true });
      const after = await send();

      expect(idsOf(await roaming('u1', 'u2'))).toEqual([after]);
      expect(idsOf(await roaming('u2', 'u1'))).toEqual([before, after]);
    });

    it('kept: deleting a conversation without its roaming hides nothing from roaming', async () => {
      const { send, deleteConversation, roaming } = world();
      const before = await send();
      await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: false });

      expect(idsOf(await roaming('u1', 'u2'))).toEqual([before]);
    });

    it('deleted once stays deleted, also when a later deletion keeps roaming', async () => {
      const { send, deleteConversation, roaming } = world();
      await send();
      await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: true });
      const between = await send();
      await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: false });

      expect(idsOf(await roaming('u1', 'u2'))).toEqual([between]);
    });

    it('shows a group to its members: from joining on, up to leaving, and again after coming back', async () => {
      const { ports, app, send, recall, roaming } = world();
      const inGroup = { kind: 'groupchat' } as const;
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'boss' }), ['u1']);
      const early = await send(toGroup);
      // The notice moves the head of the timeline without being a message.
      await recall(await send(toGroup), toGroup);
      await ports.chats.addMembers(app.no, group, ['late']);
      const both = await send(toGroup);
      await ports.chats.removeMembers(app.no, group, ['late']);
      const missed = await send(toGroup);
      await ports.chats.addMembers(app.no, group, ['late']);
      const back = await send(toGroup);

      expect(idsOf(await roaming('boss', 'g1', inGroup))).toEqual([early, both, missed, back]);
      expect(idsOf(await roaming('late', 'g1', inGroup))).toEqual([both, back]);
      expect(await roaming('stranger', 'g1', inGroup)).toEqual([]);
    });

    it('lets former members of a removed group see what they saw', async () => {
      const { ports, app, send, roaming } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);
      const seen = await send(toGroup);

      await ports.chats.remove(app.no, group);
      await send(toGroup);

      expect(idsOf(await roaming('u1', 'g1', { kind: 'groupchat' }))).toEqual([seen]);
    });

    it('shows a room to its members; a group of the same name is another timeline', async () => {
      const { ports, app, clock, send } = world();
      await ports.chats.create(roomSample(app.no, 'r1', { owner: 'boss' }), []);
      const sent = await send({ chatKind: 'chatroom', to: 'r1' });
      await send({ chatKind: 'groupchat', to: 'r1' });

      const query = { app: app.no, timeline: roomTimeline('r1'), order: 'oldestFirst', limit: 10 } as const;
      const see = (user: string) => ports.timelines.roaming({ ...query, user, now: clock.now() });
      expect(idsOf((await see('boss')).entities)).toEqual([sent]);
      expect((await see('u1')).entities).toEqual([]);
    });
  });
}
