import { describe, expect, it } from 'vitest';
import type { ChatKey } from '../../chat/chat.js';
import { chatKeyText, roleKeyText } from '../../chat/chat.js';
import { groupTimeline, pairTimeline } from '../../kernel/stream.js';
import { changeRule } from '../rules.js';
import { appSample, groupSample, idAt, roomSample, ruleSample, sampleInstant } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { loadOne, recallUnit, sendUnit } from '../units.js';

const group: ChatKey = { kind: 'groupchat', id: 'g1' };
const room: ChatKey = { kind: 'chatroom', id: 'r1' };

/** What the write side knows around a decision, and how it counts timelines. */
export function describeCommandStoreFacts(name: string, harness: StorageHarness): void {
  describe(`CommandStore, facts and timelines: ${name}`, () => {
    const world = useWorld(harness);

    it('knows the types of groups and rooms', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { type: 'Private' }), []);
      await ports.chats.create(roomSample(app.no, 'r1'), []);

      const { chats } = await loadOne(ports, {
        app: app.no,
        chats: [group, room, { kind: 'groupchat', id: 'r1' }],
      });

      expect([...chats].toSorted()).toEqual([
        [chatKeyText(room), { groupType: 'ChatRoom', disabled: false }],
        [chatKeyText(group), { groupType: 'Private', disabled: false }],
      ]);
    });

    it('knows the role of a member while the membership lasts', async () => {
      const { ports, app } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'boss' }), ['u1', 'u2']);
      await ports.chats.removeMembers(app.no, group, ['u2']);

      const roles = ['boss', 'u1', 'u2', 'u3'].map((user) => ({ chat: group, user }));
      const facts = await loadOne(ports, { app: app.no, roles });

      expect(roles.map((key) => facts.roles.get(roleKeyText(key)))).toEqual([
        'owner',
        'member',
        undefined,
        undefined,
      ]);
    });

    it('knows the enabled rules of the app as they are now', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      await ports.rules.create(ruleSample(app.no, 'on'));
      await ports.rules.create(ruleSample(app.no, 'off', { enabled: false }));
      await ports.rules.create(ruleSample(app.no, 'gone'));
      await ports.rules.create(ruleSample(typeof other === 'object' ? other.no : 0, 'of the other'));
      await ports.rules.remove(app.no, 'gone');
      const changed = await changeRule(
        ports.rules,
        app.no,
        'on',
        { url: 'https://new.example.com/' },
        sampleInstant,
      );

      const { rules } = await loadOne(ports, { app: app.no });

      expect(rules).toEqual([changed]);
    });

    it('counts messages, not notices, and each timeline by itself', async () => {
      const { ports, app } = world();
      const toGroup = { msgId: idAt(sampleInstant, 7), chatKind: 'groupchat', to: 'g1' } as const;
      await ports.commands.commit([sendUnit(app.no), sendUnit(app.no, toGroup)]);
      await ports.commands.commit([recallUnit(app.no)]);

      const committed = await ports.commands.commit([
        sendUnit(app.no, { msgId: idAt(sampleInstant, 2), from: 'u2', to: 'u1' }),
      ]);

      expect(committed).toMatchObject({ recorded: [[{ timelinePosition: 3, messageSeq: 2 }]] });
      const heads = [pairTimeline('u1', 'u2'), groupTimeline('g1')];
      const facts = await loadOne(ports, { app: app.no, heads });
      expect(heads.map((timeline) => facts.heads.get(timeline))).toEqual([2, 1]);
    });

    it('race, send and send: MsgSeq has no gaps, and no number comes twice', async () => {
      const { ports, app } = world();
      const sends = Array.from({ length: 20 }, (_, n) => sendUnit(app.no, { msgId: idAt(sampleInstant, n) }));

      const outcomes = await Promise.all(sends.map((unit) => ports.commands.commit([unit])));

      const recorded = outcomes.flatMap((outcome) => (outcome.ok ? outcome.recorded.flat() : []));
      const counted = recorded.map(({ messageSeq }) => messageSeq ?? 0).toSorted((a, b) => a - b);
      expect(counted).toEqual(sends.map((_, n) => n + 1));
      const byPosition = recorded.toSorted((a, b) => a.position - b.position);
      expect(byPosition.map(({ messageSeq }) => messageSeq)).toEqual(counted);
    });
  });
}
