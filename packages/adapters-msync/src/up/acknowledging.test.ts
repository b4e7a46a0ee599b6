import { groupSample, roomSample } from '@recalld/domain/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUplinkWorld, idOf } from '../testing/uplinkWorld.js';
import type { Kind, TestDevice, UplinkWorld } from '../testing/uplinkWorld.js';
import { wire } from '../wire/descriptors.js';
import { namespaces, storedMeta } from '../wire/meta.js';

let world: UplinkWorld;
let alice: TestDevice;
let bob: TestDevice;

beforeEach(async () => {
  world = await createUplinkWorld();
  [alice, bob] = [world.device('alice'), world.device('bob')];
  const { ports, app } = world;
  await ports.chats.create(groupSample(app.no, 'g1', { owner: 'owner' }), ['alice', 'bob']);
  await ports.chats.create(roomSample(app.no, 'r1', { owner: 'owner' }), ['alice', 'bob']);
});

const after = async (events: number) => (await world.events()).slice(events);
const send = async (to = 'bob', kind: Kind = 'chat') => idOf(await alice.text(to, { kind }));

describe('an acknowledgement', () => {
  it.each([
    ['readAck', 'read'],
    ['deliveryAck', 'delivered'],
  ] as const)('%s tells the author that a message was %s', async (type, ack) => {
    const msgId = await send();

    const answer = await bob.signal(type, 'alice', { body: { ackMessageId: msgId } });

    expect(answer).toEqual({ ok: true, serverId: idOf(answer), at: world.clock.now() });
    expect(await after(1)).toMatchObject([
      {
        type: 'MessageAcknowledged',
        timeline: 'user/alice',
        data: {
          ackId: idOf(answer),
          ack,
          msgId,
          by: 'bob',
          messageAuthor: 'alice',
          originDevice: 'webim_web_1',
        },
      },
    ]);
  });

  it.each([
    ['g1', 'groupchat'],
    ['r1', 'chatroom'],
  ] as const)('in %s finds its message, and is recorded once', async (chat, kind) => {
    const msgId = await send(chat, kind);

    idOf(await bob.signal('readAck', chat, { kind, body: { ackMessageId: msgId } }));
    idOf(await bob.signal('readAck', chat, { kind, body: { ackMessageId: msgId } }));

    expect(await after(1)).toMatchObject([{ data: { msgId, chat: { kind } } }]);
  });

  it('in a group keeps what its reader says', async () => {
    const msgId = await send('g1', 'groupchat');
    const body = { ackMessageId: msgId, ackContent: 'seen' };

    const ackId = idOf(await bob.signal('readAck', 'g1', { kind: 'groupchat', body }));

    const stored = (await world.ports.contents.read(world.app.no, [ackId])).get(ackId);
    const kept = wire.meta.decode(stored?.payload ?? new Uint8Array()).toJSON();
    const payload = Buffer.from(String(kept['payload']), 'base64');
    expect(wire.messageBody.decode(payload).toJSON()).toMatchObject({ type: 4, ackContent: 'seen' });
    expect(storedMeta(stored?.payload ?? new Uint8Array())).toEqual(stored);
  });

  it('in a one-to-one chat keeps nothing but its event', async () => {
    const body = { ackMessageId: await send(), ackContent: 'seen' };

    const ackId = idOf(await bob.signal('readAck', 'alice', { body }));

    expect((await world.ports.contents.read(world.app.no, [ackId])).size).toBe(0);
  });

  it('of what did not go to the user is answered, and tells nobody', async () => {
    const msgId = await send();

    idOf(await world.device('mallory').signal('readAck', 'alice', { body: { ackMessageId: msgId } }));
    idOf(await bob.signal('readAck', 'alice', { body: { ackMessageId: '5' } }));

    expect(await after(1)).toEqual([]);
  });
});

describe('a conversation that a client has read', () => {
  it.each([
    ['alice', 'chat', 'chat', 'pair/alice/bob'],
    ['g1', 'groupchat', 'groupchat', 'user/bob'],
  ] as const)('%s is read through its last message', async (channel, kind, conversation, timeline) => {
    await alice.text(kind === 'chat' ? 'bob' : channel, { kind });

    const answer = await bob.signal('channelAck', channel, { kind });

    expect(await after(1)).toMatchObject([
      {
        type: 'ConversationRead',
        timeline,
        data: { user: 'bob', kind: conversation, channel, throughSeq: 1, noticeId: idOf(answer) },
      },
    ]);
  });

  it('is none of a room, which is in no list', async () => {
    await send('r1', 'chatroom');

    idOf(await bob.signal('channelAck', 'r1', { kind: 'chatroom' }));

    expect(await after(1)).toEqual([]);
  });
});

describe('a room', () => {
  const operations = { join: 2, leave: 3, kick: 10 };
  const ask = (device: TestDevice, operation: keyof typeof operations, name: string, isChatroom = true) => {
    const body = { mucId: { name }, operation: operations[operation], isChatroom };
    const payload = wire.mucBody.encode(body).finish();
    return device.raw({ id: '9', to: { domain: 'easemob.com' }, ns: namespaces.muc, payload });
  };
  const members = async () => [
    ...(await world.ports.chatReader.membersNow(world.app.no, { kind: 'chatroom', id: 'r1' })),
  ];

  it('is joined and left over the socket', async () => {
    const carol = world.device('carol');

    expect(await ask(carol, 'join', 'r1')).toMatchObject({ ok: true });
    expect(await ask(carol, 'join', 'r1')).toMatchObject({ ok: true });
    expect(await members()).toContain('carol');
    expect(await ask(carol, 'leave', 'r1')).toMatchObject({ ok: true });
    expect(await members()).not.toContain('carol');
  });

  it('is joined before what is sent to it right after', async () => {
    const carol = world.device('carol');

    const joined = ask(carol, 'join', 'r1');
    const sent = carol.text('r1', { kind: 'chatroom' });

    expect(await Promise.all([joined, sent])).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it('is not left by its owner', async () => {
    expect(await ask(world.device('owner'), 'leave', 'r1')).toMatchObject({ ok: true });
    expect(await members()).toContain('owner');
  });

  it('that is full or not there is not joined', async () => {
    const { ports, app } = world;
    await ports.chats.create(roomSample(app.no, 'small', { owner: 'owner', membersMax: 1 }), []);

    expect(await ask(bob, 'join', 'small')).toMatchObject({ code: 1, reason: 'group member list is full!' });
    expect(await ask(bob, 'join', 'r9')).toMatchObject({ code: 1, reason: 'grpID does not exist!' });
    expect(await ask(bob, 'leave', 'r9')).toMatchObject({ code: 1, reason: 'grpID does not exist!' });
  });

  it('is not joined and left without end by one user, whichever session asks', async () => {
    const devices = ['d1', 'd2'].map((name) => world.device('carol', name));
    const changes = devices.flatMap((device) =>
      Array.from({ length: 40 }, (_, n) => ask(device, n % 2 === 0 ? 'join' : 'leave', 'r1')),
    );

    const refused = (await Promise.all(changes)).filter((answer) => answer?.ok === false);

    expect(refused).toHaveLength(16);
    expect(refused[0]).toMatchObject({ code: 7, reason: 'traffic limit' });
    expect(await ask(bob, 'join', 'r1')).toMatchObject({ ok: true });
    world.clock.advance(1_000);
    expect(await ask(world.device('carol'), 'join', 'r1')).toMatchObject({ ok: true });
  });

  it('lets nobody in who asks for a group, for another deed or in broken bytes', async () => {
    const unsupported = { ok: false, code: 1, reason: 'not supported by this server' };

    expect(await ask(world.device('carol'), 'join', 'g1', false)).toEqual(unsupported);
    expect(await ask(bob, 'kick', 'r1')).toEqual(unsupported);
    expect(await bob.raw({ id: '9', ns: namespaces.muc, payload: Buffer.from([1]) })).toMatchObject({
      ok: false,
      code: 4,
    });
  });
});
