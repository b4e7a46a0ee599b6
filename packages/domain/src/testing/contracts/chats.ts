import { describe, expect, it } from 'vitest';
import { roleKeyText } from '../../chat/chat.js';
import type { ChatKey } from '../../chat/chat.js';
import { groupSample, roomSample } from '../samples.js';
import { loadOne } from '../units.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const group = { kind: 'groupchat', id: 'g1' } as const;
const room = { kind: 'chatroom', id: 'r1' } as const;

/** Groups and rooms, and who is in them. */
export function describeChats(name: string, harness: StorageHarness): void {
  describe(`Chats: ${name}`, () => {
    const world = useWorld(harness);
    const membersOf = async (key: typeof group | typeof room = group) => {
      const { ports, app } = world();
      return (await ports.chatReader.members(app.no, key, undefined, 1000)).entities;
    };

    it('creates a chat with its owner and members and gives its profile back', async () => {
      const { ports, app } = world();
      const profile = groupSample(app.no, 'g1', { name: '群 "1"', custom: '{"a":1}' });

      expect(await ports.chats.create(profile, ['u1', 'owner', 'u1'])).toBe('created');

      expect(await ports.chats.find(app.no, [group])).toEqual([{ ...profile, memberCount: 2 }]);
      expect(await membersOf()).toEqual([
        { user: 'owner', role: 'owner' },
        { user: 'u1', role: 'member' },
      ]);
    });

    it('finds those that there are, by kind and id, in one app', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), []);
      await ports.chats.create(roomSample(app.no, 'r1'), []);

      const keys = [room, group, { kind: 'groupchat', id: 'r1' }, { kind: 'groupchat', id: 'g9' }] as const;
      const found = await ports.chats.find(app.no, keys);

      expect(found.map(({ key }) => key)).toEqual(expect.arrayContaining([room, group]));
      expect(found).toHaveLength(2);
      expect(await ports.chats.find(app.no + 1, [group])).toEqual([]);
      expect(await ports.chats.find(app.no, [])).toEqual([]);
    });

    it('takes an id once, for groups and rooms together', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);

      expect(await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u9' }), ['u2'])).toBe('taken');
      expect(await ports.chats.create(roomSample(app.no, 'g1'), [])).toBe('taken');

      expect(await membersOf()).toHaveLength(2);
      expect(await ports.chats.find(app.no, [{ kind: 'chatroom', id: 'g1' }])).toEqual([]);
    });

    it('race, create and create: one of them gets the id', async () => {
      const { ports, app } = world();

      const outcomes = await Promise.all([
        ports.chats.create(groupSample(app.no, 'g1'), ['u1']),
        ports.chats.create(groupSample(app.no, 'g1'), ['u2']),
        ports.chats.create(roomSample(app.no, 'g1'), ['u3']),
      ]);

      expect(outcomes.toSorted()).toEqual(['created', 'taken', 'taken']);
    });

    it('adds members once and answers the new ones', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);

      const added = await ports.chats.addMembers(app.no, group, ['u2', 'owner', 'u1', 'u3', 'u2']);

      expect([...(Array.isArray(added) ? added : [])].toSorted()).toEqual(['u2', 'u3']);
      expect(await membersOf()).toHaveLength(4);
      expect(await ports.chats.addMembers(app.no, group, ['u2'])).toEqual([]);
      expect(await ports.chats.addMembers(app.no, room, ['u2'])).toBe('unknown');
      expect(await ports.chats.addMembers(app.no + 1, group, ['u2'])).toBe('unknown');
    });

    it('adds all or nobody when there is no room for all of them', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { membersMax: 3 }), ['u1']);

      expect(await ports.chats.addMembers(app.no, group, ['u2', 'u3'])).toBe('full');
      expect(await membersOf()).toHaveLength(2);
      expect(await ports.chats.addMembers(app.no, group, ['u2', 'u1'])).toEqual(['u2']);
      expect(await ports.chats.addMembers(app.no, group, ['u1', 'u2'])).toEqual([]);
      expect(await ports.chats.addMembers(app.no, group, ['u3'])).toBe('full');
    });

    it('race, join and join: nobody gets into a full group', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { membersMax: 3 }), []);

      await Promise.all(['a', 'b', 'c', 'd'].map((user) => ports.chats.addMembers(app.no, group, [user])));

      expect(await membersOf()).toHaveLength(3);
    });

    it('removes members and answers who was one; the owner stays', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1', 'u2', 'u3']);

      const removed = await ports.chats.removeMembers(app.no, group, ['u2', 'owner', 'stranger', 'u1']);

      expect([...(Array.isArray(removed) ? removed : [])].toSorted()).toEqual(['u1', 'u2']);
      expect((await membersOf()).map(({ user }) => user)).toEqual(['owner', 'u3']);
      expect(await ports.chats.removeMembers(app.no, group, ['u2'])).toEqual([]);
      expect(await ports.chats.removeMembers(app.no, room, ['u2'])).toBe('unknown');
    });

    it('changes the roles of members, not the owner’s', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1', 'u2']);
      await ports.chats.create(roomSample(app.no, 'r1'), ['u1']);
      const change = (user: string, role: 'admin' | 'member', key: ChatKey = group) =>
        ports.chats.changeRole(app.no, key, user, role);

      expect(await change('u1', 'admin')).toBe(true);
      expect(await change('u1', 'admin')).toBe(true);
      expect(await change('u2', 'member')).toBe(true);
      expect(await change('owner', 'member')).toBe(false);
      expect(await change('stranger', 'admin')).toBe(false);
      expect(await change('u1', 'admin', { kind: 'chatroom', id: 'g1' })).toBe(false);

      const roles = async () => Object.fromEntries((await membersOf()).map(({ user, role }) => [user, role]));
      expect(await roles()).toEqual({ owner: 'owner', u1: 'admin', u2: 'member' });
      expect((await membersOf(room)).map(({ role }) => role)).toEqual(['owner', 'member']);
      expect(await change('u1', 'member')).toBe(true);
      expect(await roles()).toEqual({ owner: 'owner', u1: 'member', u2: 'member' });
    });

    it('knows of a role in decisions, and forgets it with the membership', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);
      await ports.chats.changeRole(app.no, group, 'u1', 'admin');
      const roleOf = async () => {
        const { roles } = await loadOne(ports, { app: app.no, roles: [{ chat: group, user: 'u1' }] });
        return roles.get(roleKeyText({ chat: group, user: 'u1' }));
      };
      expect(await roleOf()).toBe('admin');

      await ports.chats.removeMembers(app.no, group, ['u1']);
      expect(await ports.chats.changeRole(app.no, group, 'u1', 'admin')).toBe(false);
      await ports.chats.addMembers(app.no, group, ['u1']);

      expect(await roleOf()).toBe('member');
    });

    it('takes back who left', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);
      await ports.chats.removeMembers(app.no, group, ['u1']);

      expect(await ports.chats.addMembers(app.no, group, ['u1'])).toEqual(['u1']);

      expect((await ports.chats.find(app.no, [group]))[0]?.memberCount).toBe(2);
    });

    it('remembers nothing of a membership in which nothing was said', async () => {
      const { ports, app, send } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), []);
      const toGroup = { from: 'owner', chatKind: 'groupchat', to: 'g1' } as const;
      await send(toGroup);
      const chatsOf = async (user: string) =>
        (await ports.timelines.chats({ app: app.no, user, limit: 10 })).entities;

      for (let n = 0; n < 3; n += 1) {
        await ports.chats.addMembers(app.no, group, ['quiet', 'u1']);
        expect(await ports.chats.removeMembers(app.no, group, ['quiet'])).toEqual(['quiet']);
        expect(await chatsOf('quiet')).toEqual([]);
      }

      await send(toGroup);
      await ports.chats.removeMembers(app.no, group, ['u1']);
      expect(await chatsOf('u1')).toEqual([{ kind: 'groupchat', channel: 'g1' }]);
    });

    it('removes a chat with all its memberships', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);

      expect(await ports.chats.remove(app.no, group)).toBe(true);

      expect(await ports.chats.find(app.no, [group])).toEqual([]);
      expect(await membersOf()).toEqual([]);
      expect(await ports.chatReader.joined(app.no, 'u1', 'groupchat')).toEqual([]);
      expect(await ports.chatReader.joined(app.no, 'owner', 'groupchat')).toEqual([]);
      expect(await ports.chats.addMembers(app.no, group, ['u1'])).toBe('unknown');
      expect(await ports.chats.remove(app.no, group)).toBe(false);
    });
  });
}

/** Lists of groups, rooms and their members. */
export function describeChatReader(name: string, harness: StorageHarness): void {
  describe(`ChatReader: ${name}`, () => {
    const world = useWorld(harness);

    it('knows who is in a chat now, whoever came and went', async () => {
      const { ports, app } = world();
      const { chats, chatReader } = ports;
      const now = async (key: typeof group | typeof room = group) =>
        [...(await chatReader.membersNow(app.no, key))].toSorted();
      expect(await now()).toEqual([]);

      await chats.create(groupSample(app.no, 'g1'), ['u1', 'ü/2 %']);
      await chats.create(roomSample(app.no, 'r1', { owner: 'host' }), []);
      expect([await now(), await now(room)]).toEqual([['owner', 'u1', 'ü/2 %'], ['host']]);

      await chats.addMembers(app.no, group, ['u3']);
      expect(await now()).toEqual(['owner', 'u1', 'u3', 'ü/2 %']);

      await chats.removeMembers(app.no, group, ['u1', 'stranger']);
      expect(await now()).toEqual(['owner', 'u3', 'ü/2 %']);

      await chats.changeRole(app.no, group, 'u3', 'admin');
      expect(await now()).toEqual(['owner', 'u3', 'ü/2 %']);

      await chats.addMembers(app.no, group, ['u1']);
      expect(await now()).toEqual(['owner', 'u1', 'u3', 'ü/2 %']);

      await chats.remove(app.no, group);
      expect([await now(), await now(room)]).toEqual([[], ['host']]);
      expect((await chatReader.membersNow(app.no + 1, room)).size).toBe(0);

      await chats.create(groupSample(app.no, 'g1', { owner: 'new' }), []);
      expect(await now()).toEqual(['new']);
    });

    it('keeps what it answered: who is in a chat does not change under its reader', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);
      const before = await ports.chatReader.membersNow(app.no, group);

      await ports.chats.removeMembers(app.no, group, ['u1']);

      expect([...before].toSorted()).toEqual(['owner', 'u1']);
    });

    it('lists the owner first, then members by the time of joining, page by page', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'z' }), ['y']);
      for (const user of ['x', 'b', 'a']) await ports.chats.addMembers(app.no, group, [user]);

      const pages = await allPages((from) => ports.chatReader.members(app.no, group, from, 2));

      expect(pages.map((page) => page.map(({ user }) => user))).toEqual([['z', 'y'], ['x', 'b'], ['a']]);
      expect(pages[0]?.map(({ role }) => role)).toEqual(['owner', 'member']);
      expect((await ports.chatReader.members(app.no, room, undefined, 2)).entities).toEqual([]);
    });

    it('has nothing more to say after a last page that is full', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);

      const page = await ports.chatReader.members(app.no, group, undefined, 2);

      expect(page.entities).toHaveLength(2);
      expect('cursor' in page).toBe(false);
    });

    it('lists all chats of a kind, each once', async () => {
      const { ports, app } = world();
      const profiles = ['g1', 'g2', 'g3', 'g4', 'g5'].map((id) => groupSample(app.no, id));
      for (const profile of profiles) await ports.chats.create(profile, ['u1']);
      await ports.chats.create(roomSample(app.no, 'r1'), []);

      const pages = await allPages((from) => ports.chatReader.list(app.no, 'groupchat', from, 2));

      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(pages.flat().toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1))).toEqual(profiles);
      const rooms = await ports.chatReader.list(app.no, 'chatroom', undefined, 10);
      expect(rooms.entities.map(({ key }) => key)).toEqual([room]);
      expect((await ports.chatReader.list(app.no + 1, 'groupchat', undefined, 10)).entities).toEqual([]);
    });

    it('lists the chats that a user is in now', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), ['u1']);
      await ports.chats.create(groupSample(app.no, 'g2', { owner: 'u1' }), []);
      await ports.chats.create(groupSample(app.no, 'g3'), ['u1']);
      await ports.chats.create(groupSample(app.no, 'g4'), ['u2']);
      await ports.chats.create(roomSample(app.no, 'r1'), ['u1']);
      await ports.chats.removeMembers(app.no, { kind: 'groupchat', id: 'g3' }, ['u1']);

      const joined = await ports.chatReader.joined(app.no, 'u1', 'groupchat');

      expect(joined.map(({ key }) => key.id).toSorted()).toEqual(['g1', 'g2']);
      expect(await ports.chatReader.joined(app.no, 'u1', 'chatroom')).toEqual([roomSample(app.no, 'r1')]);
    });
  });
}
