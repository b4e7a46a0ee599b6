import { groupSample, policySample, roomSample, ruleSample } from '@recalld/domain/testing';
import { limits } from '@recalld/domain';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUplinkWorld, idOf } from '../testing/uplinkWorld.js';
import type { Kind, TestDevice, UplinkWorld } from '../testing/uplinkWorld.js';
import { contentTypes } from '../wire/messageBody.js';

let world: UplinkWorld;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  world = await createUplinkWorld();
  [alice, bob] = [world.device('alice'), world.device('bob')];
  const { ports, app } = world;
  for (const chat of [groupSample(app.no, 'g1'), roomSample(app.no, 'r1')]) {
    await ports.chats.create({ ...chat, owner: 'owner' }, ['admin1', 'alice', 'bob']);
    await ports.chats.changeRole(app.no, chat.key, 'admin1', 'admin');
  }
});

const notFound = { ok: false, code: 1, reason: 'not_found msg' };
const tooLate = { ok: false, code: 1, reason: 'exceed recall time limit' };
const windowMs = limits.recallWindowSecondsDefault * 1000;

const send = async (to = 'bob', kind: Kind = 'chat') => idOf(await alice.text(to, { kind }));
const recalls = async () => (await world.events()).filter(({ type }) => type === 'MessageRecalled');

describe('a recall that a client sends', () => {
  it('takes the message back for everybody, in the user’s name, from that device and address', async () => {
    const msgId = await send();

    const answer = await alice.recall(msgId, 'bob');

    expect(answer).toEqual({ ok: true, serverId: idOf(answer), at: world.clock.now() });
    expect(await recalls()).toMatchObject([
      {
        actor: 'alice',
        data: {
          msgId,
          recallId: idOf(answer),
          from: 'alice',
          by: 'alice',
          chat: { kind: 'chat', id: 'bob' },
          forced: false,
          audience: 'all',
          origin: alice.caller.origin,
          originDevice: alice.caller.device,
        },
      },
    ]);
    expect((await world.ports.contents.read(world.app.no, [msgId])).size).toBe(0);
  });

  it('makes the deliveries of any other', async () => {
    const { ports, app } = world;
    await ports.rules.create(ruleSample(app.no, 'rule'));
    const msgId = await send();

    await alice.recall(msgId, 'bob');

    const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 10 });
    expect(entities).toHaveLength(1);
  });

  it('brings its text along, as the REST interface stores it', async () => {
    const answer = await alice.recall(await send(), 'bob', 'chat', 'sorry “it” was\nwrong');

    const contents = await world.ports.contents.read(world.app.no, [idOf(answer)]);
    const stored = contents.get(idOf(answer));
    expect(stored?.format).toBe('easemob');
    expect(JSON.parse(Buffer.from(stored?.payload ?? []).toString())).toEqual({
      type: 'recall',
      ext: 'sorry “it” was\nwrong',
    });
  });

  it.each([
    ['is none when it is empty', ''],
    ['is none when there is none', undefined],
  ])('and a text that %s', async (_, extension) => {
    const answer = await alice.recall(await send(), 'bob', 'chat', extension);

    expect((await world.ports.contents.read(world.app.no, [idOf(answer)])).size).toBe(0);
  });
});

describe.each([
  ['groupchat', 'g1'],
  ['chatroom', 'r1'],
] as const)('in a %s a recall', (kind, chat) => {
  it('of one’s own message is one until the window is over', async () => {
    const [first, second] = [await send(chat, kind), await send(chat, kind)];
    world.clock.advance(windowMs);
    expect(await alice.recall(first, chat, kind)).toMatchObject({ ok: true });
    world.clock.advance(1);

    expect(await alice.recall(second, chat, kind)).toEqual(tooLate);
    expect(await recalls()).toHaveLength(1);
  });

  it.each(['owner', 'admin1'])('by its %s of another’s message is one at any time', async (moderator) => {
    const msgId = await send(chat, kind);
    world.clock.advance(30 * 86_400_000);

    idOf(await world.device(moderator).recall(msgId, chat, kind));

    expect(await recalls()).toMatchObject([{ actor: moderator, data: { from: 'alice', chat: { kind } } }]);
  });

  it.each(['bob', 'mallory'])('by %s, who is neither of these, finds no message', async (user) => {
    expect(await world.device(user).recall(await send(chat, kind), chat, kind)).toEqual(notFound);

    expect(await recalls()).toEqual([]);
  });
});

describe('a recall is refused', () => {
  it('while the service is off', async () => {
    const msgId = await send();
    await world.one(policySample({ app: world.app.no, enabled: false, now: world.clock.now() }));

    expect(await alice.recall(msgId, 'bob')).toEqual({
      ok: false,
      code: 1,
      reason: 'message recall disabled',
    });
  });

  it('when the window is over', async () => {
    const msgId = await send();
    world.clock.advance(windowMs + 1);

    expect(await alice.recall(msgId, 'bob')).toEqual(tooLate);
  });

  it('for a message that nobody sent', async () => {
    expect(await alice.recall('1468183947526374441', 'bob')).toEqual(notFound);
  });

  it('for one that was recalled already', async () => {
    const msgId = await send();
    await alice.recall(msgId, 'bob');

    expect(await alice.recall(msgId, 'bob')).toEqual(notFound);
    expect(await recalls()).toHaveLength(1);
  });

  it('for one that is no longer kept', async () => {
    world = await createUplinkWorld({ settings: { messageRetentionMs: 1_000 } });
    alice = world.device('alice');
    const msgId = await send();
    world.clock.advance(1_001);

    expect(await alice.recall(msgId, 'bob')).toEqual(notFound);
  });

  it('for a command', async () => {
    const command = { contents: [{ type: contentTypes.command, action: 'ring' }] };
    const msgId = idOf(await alice.text('bob', { body: command }));

    expect(await alice.recall(msgId, 'bob')).toEqual(notFound);
  });

  it.each([
    ['another user', 'carol', 'chat'],
    ['a group', 'g1', 'groupchat'],
  ] as const)('for one that did not go to %s', async (_, to, kind) => {
    expect(await alice.recall(await send(), to, kind)).toEqual(notFound);
  });

  it('for its receiver and for strangers, in the words for no message at all', async () => {
    const msgId = await send();

    expect(await bob.recall(msgId, 'alice')).toEqual(notFound);
    expect(await bob.recall(msgId, 'bob')).toEqual(notFound);
    expect(await world.device('mallory').recall(msgId, 'bob')).toEqual(notFound);
    expect(await recalls()).toEqual([]);
  });

  it('without the id of a message', async () => {
    expect(await alice.signal('recall', 'bob')).toEqual({
      ok: false,
      code: 4,
      reason: 'missing: ack_message_id',
    });
  });

  it('with a longer text than a message may have', async () => {
    const msgId = await send();
    const longest = 'x'.repeat(limits.messageBytesMax);

    expect(await alice.recall(msgId, 'bob', 'chat', `${longest}x`)).toMatchObject({ ok: false, code: 7 });
    expect(await alice.recall(msgId, 'bob', 'chat', longest)).toMatchObject({ ok: true });
  });
});
