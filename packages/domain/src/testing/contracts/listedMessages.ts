import { describe, expect, it } from 'vitest';
import type { UserId } from '../../kernel/ids.js';
import { groupSample } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const group = { chatKind: 'groupchat', to: 'g1' } as const;

/** Messages that stand in a chat's history and do not act on its users' lists as others do. */
export function describeListedMessages(name: string, harness: StorageHarness): void {
  describe(`TimelineReader, what lists show: ${name}`, () => {
    const world = useWorld(harness);
    /** Channel, preview and unread messages of each conversation in a user's list. */
    const listOf = async (user: UserId) =>
      (await world().conversations(user)).map((view) => [
        view.channel,
        view.lastMessage?.itemId,
        view.unread,
      ]);

    it('unlisted messages make no conversation, no preview, and are not unread', async () => {
      const { send, roaming } = world();
      const first = await send({ flags: { unlisted: true } });
      expect([await listOf('u1'), await listOf('u2')]).toEqual([[], []]);

      const shown = await send();
      const last = await send({ flags: { unlisted: true } });

      expect([await listOf('u1'), await listOf('u2')]).toEqual([[['u2', shown, 0]], [['u1', shown, 1]]]);
      expect((await roaming('u2', 'u1')).map(({ itemId }) => itemId)).toEqual([first, shown, last]);
    });

    it('unlisted messages bring no deleted conversation back', async () => {
      const { send, deleteConversation } = world();
      await send();
      await deleteConversation({ user: 'u2', channel: 'u1', deleteRoaming: false });

      await send({ flags: { unlisted: true } });

      expect(await listOf('u2')).toEqual([]);
    });

    it('a message to some members of a group shows to no other in history, and in nobody’s list', async () => {
      const { ports, app, send, roaming } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
      const toAll = await send(group);
      const toOne = await send({ ...group, directedTo: ['u2'], flags: { unlisted: true } });

      const seen = async (user: UserId) =>
        (await roaming(user, 'g1', { kind: 'groupchat' })).map(({ itemId }) => itemId);

      expect(await seen('u1')).toEqual([toAll, toOne]);
      expect(await seen('u2')).toEqual([toAll, toOne]);
      expect(await seen('u3')).toEqual([toAll]);
      expect(await listOf('u2')).toEqual([['g1', toAll, 1]]);
      expect(await listOf('u3')).toEqual([['g1', toAll, 1]]);
    });

    it('imported history makes a conversation, and is not unread', async () => {
      const { clock, send } = world();
      const imported = await send({ flags: { imported: true }, now: clock.now() - 60_000 });
      expect([await listOf('u1'), await listOf('u2')]).toEqual([
        [['u2', imported, 0]],
        [['u1', imported, 0]],
      ]);

      const shown = await send();

      expect(await listOf('u2')).toEqual([['u1', shown, 1]]);
    });

    it('imported history brings no deleted conversation back, and is not in one that comes back', async () => {
      const { clock, send, recall, deleteConversation } = world();
      const deleted = await send();
      await deleteConversation({ user: 'u2', channel: 'u1', deleteRoaming: true });

      await send({ flags: { imported: true }, now: clock.now() - 60_000 });

      expect([await listOf('u1'), await listOf('u2')]).toEqual([[['u2', deleted, 0]], []]);
      await recall(await send());
      expect(await listOf('u2')).toEqual([['u1', undefined, 0]]);
    });
  });
}
