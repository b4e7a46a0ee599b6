import { describe, expect, it } from 'vitest';
import { groupTimeline, pairTimeline } from '../../kernel/stream.js';
import type { ConversationView } from '../../ports/timelineReader.js';
import { groupSample, roomSample } from '../samples.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const channels = (views: readonly ConversationView[]) => views.map(({ channel }) => channel);
const previews = (views: readonly ConversationView[]) => views.map(({ lastMessage }) => lastMessage?.itemId);
const unread = (views: readonly ConversationView[]) => views.map((view) => view.unread);
const group = { kind: 'groupchat', id: 'g1' } as const;
const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;

/** The conversation list: what is in it, in which order, and what deleting and recalling do to it. */
export function describeConversations(name: string, harness: StorageHarness): void {
  describe(`TimelineReader, conversations: ${name}`, () => {
    const world = useWorld(harness);

    it('enters the lists of both sides with a message', async () => {
      const { clock, send, conversations } = world();
      const sent = await send();

      const [mine] = await conversations('u1');
      const [theirs] = await conversations('u2');

      const timeline = pairTimeline('u1', 'u2');
      const lastMessageAt = clock.now();
      const common = { kind: 'chat', timeline, lastMessageAt, lastMessage: { itemId: sent } };
      expect(mine).toMatchObject({ ...common, channel: 'u2', unread: 0 });
      expect(theirs).toMatchObject({ ...common, channel: 'u1', unread: 1 });
      expect(await conversations('u3')).toEqual([]);
    });

    it('has the conversation with the newest message first', async () => {
      const { send, conversations } = world();
      await send({ to: 'a' });
      await send({ to: 'b' });
      await send({ to: 'c' });
      await send({ from: 'a', to: 'u1' });

      expect(channels(await conversations('u1'))).toEqual(['a', 'c', 'b']);
    });

    it('pages without gaps', async () => {
      const { ports, app, clock, send } = world();
      const now = clock.now();
      const peers = ['a', 'b', 'c', 'd', 'e'];
      for (const to of peers) await send({ to, now });

      const pages = await allPages((from) =>
        ports.timelines.conversations({
          app: app.no,
          user: 'u1',
          limit: 2,
          now: clock.now(),
          ...(from === undefined ? {} : { from }),
        }),
      );

      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(channels(pages.flat()).toSorted()).toEqual(peers);
    });

    it('goes on where it was when a conversation moves to the top meanwhile', async () => {
      const { ports, app, clock, send } = world();
      for (const to of ['a', 'b', 'c', 'd']) await send({ to });
      const query = { app: app.no, user: 'u1', limit: 2, now: clock.now() };
      const page = await ports.timelines.conversations(query);

      await send({ to: 'd' });

      const rest = await ports.timelines.conversations({ ...query, from: page.cursor ?? '' });
      expect(channels([...page.entities, ...rest.entities])).toEqual(['d', 'c', 'b', 'a']);
    });

    it('reads a cursor that it never gave as the start', async () => {
      const { ports, app, clock, send } = world();
      await send();

      const query = { app: app.no, user: 'u1', limit: 2, now: clock.now(), from: 'no cursor of ours' };
      expect(channels((await ports.timelines.conversations(query)).entities)).toEqual(['u2']);
    });

    it('recalled last message: the conversation stays in its place and previews the one before', async () => {
      const { send, recall, conversations } = world();
      const first = await send();
      await send({ from: 'u3', to: 'u2' });
      const last = await send();

      await recall(last);

      const views = await conversations('u2');
      expect(channels(views)).toEqual(['u1', 'u3']);
      expect(previews(views)[0]).toBe(first);
      expect(unread(views)).toEqual([1, 1]);
    });

    it('recalled only message: the conversation stays, with nothing to preview', async () => {
      const { send, recall, conversations } = world();
      await recall(await send());

      const [view] = await conversations('u2');

      expect(view).toMatchObject({ channel: 'u1', unread: 0 });
      expect(view && 'lastMessage' in view).toBe(false);
    });

    it('shows no message whose time ran out, and does not count it', async () => {
      const { ports, app, clock, send, conversations } = world();
      const kept = await send();
      await send({ expiresAt: clock.now() + 5000 });
      expect(unread(await conversations('u2'))).toEqual([2]);

      clock.advance(10_000);

      const views = await conversations('u2');
      expect(previews(views)).toEqual([kept]);
      expect(unread(views)).toEqual([1]);
      expect(await ports.timelines.unreadOneToOne(app.no, 'u2', clock.now())).toBe(1);
    });

    it('does not list what only connected devices were to see', async () => {
      const { send, conversations } = world();
      await send({ flags: { onlineOnly: true } });
      expect(await conversations('u2')).toEqual([]);

      const kept = await send();
      await send({ flags: { onlineOnly: true } });

      expect(previews(await conversations('u2'))).toEqual([kept]);
      expect(unread(await conversations('u2'))).toEqual([1]);
    });

    describe('one-way deletion', () => {
      it.each([true, false])('takes it off that user’s list only (roaming deleted: %s)', async (roaming) => {
        const { send, deleteConversation, conversations } = world();
        await send();

        await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: roaming });

        expect(await conversations('u1')).toEqual([]);
        expect(channels(await conversations('u2'))).toEqual(['u1']);
      });

      it.each([true, false])('a new message brings it back (roaming deleted: %s)', async (roaming) => {
        const { send, deleteConversation, conversations } = world();
        await send();
        await deleteConversation({ user: 'u2', channel: 'u1', deleteRoaming: roaming });

        const revival = await send();

        const views = await conversations('u2');
        expect([channels(views), previews(views), unread(views)]).toEqual([['u1'], [revival], [1]]);
      });

      it('nothing but a new message brings it back: neither a recall nor a forced one', async () => {
        const { send, recall, deleteConversation, conversations, ids } = world();
        const sent = await send();
        await deleteConversation({ user: 'u2', channel: 'u1' });
        await deleteConversation({ user: 'u1', channel: 'u2', deleteRoaming: false });

        await recall(sent);
        await recall(ids.next(), { waive: { window: true, absence: true } });

        expect(await conversations('u1')).toEqual([]);
        expect(await conversations('u2')).toEqual([]);
      });

      it('recalling the message that brought it back leaves nothing older to see', async () => {
        const { send, recall, deleteConversation, conversations } = world();
        await send();
        await deleteConversation({ user: 'u2', channel: 'u1' });

        await recall(await send());

        const views = await conversations('u2');
        expect([channels(views), previews(views), unread(views)]).toEqual([['u1'], [undefined], [0]]);
      });

      it('of a group takes it off one member’s list only', async () => {
        const { ports, app, send, deleteConversation, conversations } = world();
        await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2']);
        await send(toGroup);

        await deleteConversation({ user: 'u1', kind: 'groupchat', channel: 'g1' });

        expect(await conversations('u1')).toEqual([]);
        expect(channels(await conversations('u2'))).toEqual(['g1']);
      });
    });

    it('lists a group for members who have something to see there', async () => {
      const { ports, app, send, conversations } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'boss' }), ['u1']);
      await send(toGroup);
      await ports.chats.addMembers(app.no, group, ['late']);

      expect(await conversations('late')).toEqual([]);
      expect(await conversations('stranger')).toEqual([]);
      const later = await send(toGroup);

      const views = await conversations('late');
      expect(views).toMatchObject([{ kind: 'groupchat', channel: 'g1', timeline: groupTimeline('g1') }]);
      expect([previews(views), unread(views)]).toEqual([[later], [1]]);
      expect(unread(await conversations('boss'))).toEqual([2]);
    });

    it('shows a former member nothing newer than the leaving', async () => {
      const { ports, app, send, conversations } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'boss' }), ['u2']);
      const seen = await send(toGroup);

      await ports.chats.removeMembers(app.no, group, ['u2']);
      await send(toGroup);

      const views = await conversations('u2');
      expect(views.every(({ lastMessage }) => lastMessage?.itemId === seen)).toBe(true);
    });

    it('does not list rooms', async () => {
      const { ports, app, send, conversations } = world();
      await ports.chats.create(roomSample(app.no, 'r1', { owner: 'u1' }), ['u2']);
      await send({ chatKind: 'chatroom', to: 'r1' });

      expect(await conversations('u2')).toEqual([]);
    });

    it('counts the unread messages of others, in all one-to-one conversations together', async () => {
      const { ports, app, clock, send, recall, deleteConversation, conversations } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2']);
      await send(toGroup);
      await send();
      const taken = await send();
      await send({ from: 'u3', to: 'u2' });
      await send({ from: 'u4', to: 'u2' });
      await send({ from: 'u2', to: 'u3' });
      await recall(taken);
      await deleteConversation({ user: 'u2', channel: 'u4' });

      expect(unread(await conversations('u2'))).toEqual([1, 1, 1]);
      expect(await ports.timelines.unreadOneToOne(app.no, 'u2', clock.now())).toBe(2);
      expect(await ports.timelines.unreadOneToOne(app.no, 'nobody', clock.now())).toBe(0);
    });
  });
}
