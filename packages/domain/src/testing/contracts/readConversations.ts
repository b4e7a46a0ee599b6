import { describe, expect, it } from 'vitest';
import type { ReadConversation } from '../../conversation/readConversation.js';
import { groupSample, readSample } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;

/** What reading a conversation does to its user's list: what was read is not unread, and nothing else. */
export function describeReadConversations(name: string, harness: StorageHarness): void {
  describe(`TimelineReader, conversations that were read: ${name}`, () => {
    const world = useWorld(harness);
    const read = async (change: Partial<ReadConversation> = {}) => {
      const { app, clock, ids, one } = world();
      await one(readSample({ app: app.no, now: clock.now(), noticeId: ids.next(), ...change }));
    };
    const unread = async (user: string) =>
      (await world().conversations(user)).map((view) => [view.channel, view.unread]);
    const together = (user: string) =>
      world().ports.timelines.unreadOneToOne(world().app.no, user, world().clock.now());

    it('have nothing unread until the next message', async () => {
      const { send } = world();
      await send();
      await send();
      await read();
      expect([await unread('u2'), await together('u2')]).toEqual([[['u1', 0]], 0]);

      await send();

      expect([await unread('u2'), await together('u2')]).toEqual([[['u1', 1]], 1]);
    });

    it('stay where they are, with what they showed', async () => {
      const { send, conversations } = world();
      const msgId = await send();
      await send({ from: 'u3' });
      await read();

      const views = await conversations('u2');

      expect(views.map(({ channel, lastMessage }) => [channel, lastMessage?.itemId])).toEqual([
        ['u3', expect.any(String)],
        ['u1', msgId],
      ]);
    });

    it('are read for that user and in that chat alone', async () => {
      const { send } = world();
      await send();
      await send({ from: 'u2', to: 'u1' });
      await send({ from: 'u3' });
      await read();

      expect(await unread('u2')).toEqual([
        ['u3', 1],
        ['u1', 0],
      ]);
      expect(await unread('u1')).toEqual([['u2', 1]]);
      expect([await together('u2'), await together('u1')]).toEqual([1, 1]);
    });

    it('of a group are read for one member', async () => {
      const { ports, app, send } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
      await send(toGroup);
      await read({ kind: 'groupchat', channel: 'g1' });
      expect([await unread('u2'), await unread('u3')]).toEqual([[['g1', 0]], [['g1', 1]]]);

      await send(toGroup);

      expect([await unread('u2'), await unread('u3')]).toEqual([[['g1', 1]], [['g1', 2]]]);
    });

    it('count no message that was recalled, read or not', async () => {
      const { send, recall } = world();
      const first = await send();
      await read();
      const second = await send();
      await send();
      await recall(first);
      await recall(second);

      expect([await unread('u2'), await together('u2')]).toEqual([[['u1', 1]], 1]);
    });

    it('stay read when they are deleted and come back', async () => {
      const { send, deleteConversation } = world();
      await send();
      await read();
      await deleteConversation({ user: 'u2', channel: 'u1', deleteRoaming: false });
      await send();
      await read();
      await send();

      expect(await unread('u2')).toEqual([['u1', 1]]);
    });
  });
}
