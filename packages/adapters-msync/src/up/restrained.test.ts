import type { RestraintScope } from '@recalld/domain';
import { groupSample, roomSample, sendSample } from '@recalld/domain/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUplinkWorld, idOf } from '../testing/uplinkWorld.js';
import type { Kind, TestDevice, UplinkWorld } from '../testing/uplinkWorld.js';

let world: UplinkWorld;
let alice: TestDevice;

beforeEach(async () => {
  world = await createUplinkWorld();
  alice = world.device('alice');
  const { ports, app } = world;
  await ports.chats.create(groupSample(app.no, 'g1', { owner: 'owner' }), ['alice', 'bob']);
  await ports.chats.create(roomSample(app.no, 'r1', { owner: 'owner' }), ['alice', 'bob']);
});

const group = { kind: 'groupchat', id: 'g1' } as const;
const room = { kind: 'chatroom', id: 'r1' } as const;
const byBob: RestraintScope = { by: 'user', user: 'bob' };
const impose = (scope: RestraintScope, until: number | null = null) => {
  const how = { until, now: world.clock.now(), most: null };
  return world.ports.restraints.impose(world.app.no, scope, ['alice'], how);
};

describe('who may not send', () => {
  const muted = { ok: false, code: 7, reason: 'user is mute' };
  const mutedEverywhere = { ok: false, code: 15, reason: 'user is mute' };

  it.each<[string, RestraintScope, string, Kind, object]>([
    ['blocked', byBob, 'bob', 'chat', { ok: false, code: 1, reason: 'blocked' }],
    ['muted in a group', { by: 'chat', chat: group }, 'g1', 'groupchat', muted],
    ['muted in a room', { by: 'chat', chat: room }, 'r1', 'chatroom', muted],
    ['muted in one-to-one chats', { by: 'app', kind: 'chat' }, 'bob', 'chat', mutedEverywhere],
    ['muted in groups', { by: 'app', kind: 'groupchat' }, 'g1', 'groupchat', mutedEverywhere],
    ['muted in rooms', { by: 'app', kind: 'chatroom' }, 'r1', 'chatroom', mutedEverywhere],
  ])('is told so when %s, until it ends', async (_, scope, to, kind, refusal) => {
    await impose(scope, world.clock.now() + 1_000);

    expect(await alice.text(to, { kind })).toEqual(refusal);
    expect(await world.events()).toEqual([]);
    world.clock.advance(1_000);
    idOf(await alice.text(to, { kind }));
  });

  it('is nobody else, and nowhere else', async () => {
    await impose(byBob);
    await impose({ by: 'chat', chat: group });

    idOf(await alice.text('carol'));
    idOf(await alice.text('r1', { kind: 'chatroom' }));
    idOf(await world.device('bob').text('alice'));
    idOf(await world.device('bob').text('g1', { kind: 'groupchat' }));
  });

  it('is everybody in a group that is disabled, its owner too', async () => {
    await world.ports.restraints.setDisabled(world.app.no, group, true);

    for (const user of ['alice', 'owner']) {
      expect(await world.device(user).text('g1', { kind: 'groupchat' })).toEqual({
        ok: false,
        code: 1,
        reason: 'group is disabled',
      });
    }
  });

  it('still takes back what was sent before, and reads', async () => {
    const msgId = idOf(await alice.text('g1', { kind: 'groupchat' }));
    await impose({ by: 'chat', chat: group });

    idOf(await alice.signal('channelAck', 'g1', { kind: 'groupchat' }));
    idOf(await alice.recall(msgId, 'g1', 'groupchat'));
  });

  it('learns what became of what it sent before, when it sends that again', async () => {
    const local = { meta: { id: '496000000000' } };
    const first = idOf(await alice.text('bob', local));
    await impose(byBob);

    expect(idOf(await alice.text('bob', local))).toBe(first);
    expect(await alice.text('bob')).toMatchObject({ reason: 'blocked' });
  });

  it('is nobody when the app sends', async () => {
    await impose(byBob);

    const { app, ids, clock } = world;
    const command = sendSample({
      app: app.no,
      msgId: ids.next(),
      from: 'alice',
      to: 'bob',
      now: clock.now(),
    });
    expect(await world.one<'SendMessage'>(command)).toMatchObject({ ok: true });
  });
});
