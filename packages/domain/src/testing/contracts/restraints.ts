import { describe, expect, it } from 'vitest';
import { restraintKeyText } from '../../chat/restraint.js';
import type { RestraintScope } from '../../chat/restraint.js';
import { appSample, groupSample, roomSample, userSample } from '../samples.js';
import { loadOne } from '../units.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const group = { kind: 'groupchat', id: 'g1' } as const;
const room = { kind: 'chatroom', id: 'r1' } as const;
const inGroup: RestraintScope = { by: 'chat', chat: group };
const byUser: RestraintScope = { by: 'user', user: 'u2' };
const byApp: RestraintScope = { by: 'app', kind: 'groupchat' };

/** Who may not send where, and what decisions are told of it. */
export function describeRestraints(name: string, harness: StorageHarness): void {
  describe(`Restraints: ${name}`, () => {
    const world = useWorld(harness);
    const impose = (
      scope: RestraintScope,
      users: readonly string[],
      more: { until?: number; most?: number } = {},
    ) => {
      const { ports, app, clock } = world();
      const how = { until: null, now: clock.now(), most: null, ...more };
      return ports.restraints.impose(app.no, scope, users, how);
    };
    const list = (scope: RestraintScope) =>
      world().ports.restraints.list(world().app.no, scope, world().clock.now());
    const namesIn = async (scope: RestraintScope) => (await list(scope)).map(({ user }) => user);
    const loaded = async (scope: RestraintScope, user: string) => {
      const { ports, app } = world();
      const key = { scope, user };
      return (await loadOne(ports, { app: app.no, restraints: [key] })).restraints.get(restraintKeyText(key));
    };

    it('lists who is restrained there, the last one first, and tells decisions of those asked for', async () => {
      const until = world().clock.now() + 1_000;
      await impose(inGroup, ['u1']);
      await impose(inGroup, ['ü|"2\''], { until });
      await impose(byUser, ['u3']);

      expect(await list(inGroup)).toEqual([
        { user: 'ü|"2\'', until },
        { user: 'u1', until: null },
      ]);
      expect(await loaded(inGroup, 'ü|"2\'')).toEqual({ until });
      expect(await loaded(inGroup, 'u1')).toEqual({ until: null });
      expect(await loaded(inGroup, 'u3')).toBeUndefined();
      expect((await loadOne(world().ports, { app: world().app.no })).restraints.size).toBe(0);
    });

    it('keeps scopes and apps apart', async () => {
      const { ports, clock } = world();
      const created = await ports.apps.create(appSample({ name: 'other-app' }));
      const other = typeof created === 'object' ? created.no : 0;
      await impose(inGroup, ['u1']);
      await impose(byApp, ['u2']);

      for (const scope of [
        byUser,
        { by: 'chat', chat: { ...room, id: 'g1' } },
        { by: 'app', kind: 'chat' },
      ] as const) {
        expect(await namesIn(scope)).toEqual([]);
      }
      expect(await namesIn(byApp)).toEqual(['u2']);
      expect(await ports.restraints.list(other, inGroup, clock.now())).toEqual([]);
    });

    it('goes by what was imposed last', async () => {
      const until = world().clock.now() + 1_000;
      await impose(inGroup, ['u1', 'u2', 'u1']);
      await impose(inGroup, ['u1'], { until });

      expect(await list(inGroup)).toEqual([
        { user: 'u1', until },
        { user: 'u2', until: null },
      ]);
    });

    it('lifts one by one', async () => {
      const { ports, app } = world();
      await impose(inGroup, ['u1', 'u2', 'u3']);

      await ports.restraints.lift(app.no, inGroup, ['u1', 'u3', 'nobody']);
      await ports.restraints.lift(app.no, inGroup, []);

      expect(await namesIn(inGroup)).toEqual(['u2']);
      expect(await loaded(inGroup, 'u1')).toBeUndefined();
    });

    it('lists none that has ended, and finds what there is on a user, scope by scope', async () => {
      const { ports, app, clock } = world();
      const until = clock.now() + 1_000;
      await impose(inGroup, ['u1'], { until });
      await impose(byApp, ['u1']);

      const found = await ports.restraints.find(app.no, [byApp, byUser, inGroup], 'u1');

      expect(found).toEqual([{ until: null }, undefined, { until }]);
      clock.advance(999);
      expect(await namesIn(inGroup)).toEqual(['u1']);
      clock.advance(1);
      expect(await namesIn(inGroup)).toEqual([]);
    });

    it('takes no more than there may be, of which those that have ended are none', async () => {
      const { clock } = world();
      await impose(inGroup, ['u1'], { until: clock.now() + 1_000 });
      await impose(inGroup, ['u2']);

      expect(await impose(inGroup, ['u2', 'u3'], { most: 2 })).toBe('full');
      expect(await namesIn(inGroup)).toEqual(['u2', 'u1']);
      expect(await impose(inGroup, ['u1'], { most: 2, until: clock.now() + 2_000 })).toBe('imposed');
      clock.advance(2_000);
      expect(await impose(inGroup, ['u3'], { most: 2 })).toBe('imposed');
      expect(await namesIn(inGroup)).toEqual(['u3', 'u2']);
    });

    it('forgets a chat’s with the chat, and a user’s blocks with the user', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1'), []);
      await ports.users.register([userSample(app.no, 'u2')]);
      for (const scope of [inGroup, byUser, byApp]) await impose(scope, ['u1', 'u2']);

      await ports.chats.remove(app.no, group);
      await ports.users.remove(app.no, 'u2');

      expect(await namesIn(inGroup)).toEqual([]);
      expect(await namesIn(byUser)).toEqual([]);
      // What the app says of a name holds until the app says otherwise.
      expect((await namesIn(byApp)).length).toBe(2);
    });

    it('closes a group or room to clients, and opens it again', async () => {
      const { ports, app } = world();
      const { restraints, chats } = ports;
      await chats.create(groupSample(app.no, 'g1'), ['u1']);
      await chats.create(roomSample(app.no, 'r1'), []);
      const disabled = async () => {
        const facts = await loadOne(ports, { app: app.no, chats: [group, room] });
        return [...facts.chats.values()].map((chat) => chat.disabled).toSorted();
      };

      expect(await restraints.setDisabled(app.no, group, true)).toBe(true);
      expect(await restraints.setDisabled(app.no, { ...room, id: 'g1' }, true)).toBe(false);

      expect(await disabled()).toEqual([false, true]);
      expect(await chats.find(app.no, [group, room])).toMatchObject([
        { disabled: true },
        { disabled: false },
      ]);
      expect(await ports.chatReader.joined(app.no, 'u1', 'groupchat')).toMatchObject([{ disabled: true }]);
      await restraints.setDisabled(app.no, group, false);
      expect(await disabled()).toEqual([false, false]);
    });
  });
}
