import { groupSample, roomSample } from '@recalld/domain/testing';
import { limits } from '@recalld/domain';
import type { ContentKind, RecordedEvent } from '@recalld/domain';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUplinkWorld, idOf, textOf } from '../testing/uplinkWorld.js';
import type { TestDevice, UplinkWorld } from '../testing/uplinkWorld.js';
import { storedMeta } from '../wire/meta.js';
import { wire } from '../wire/descriptors.js';
import { contentTypes, encodeMessageBody, subTypes } from '../wire/messageBody.js';
import type { Content } from '../wire/messageBody.js';

let world: UplinkWorld;
let alice: TestDevice;

beforeEach(async () => {
  world = await createUplinkWorld();
  alice = world.device('alice');
  const { ports, app } = world;
  await ports.chats.create(groupSample(app.no, 'g1', { owner: 'owner' }), ['alice', 'bob']);
  await ports.chats.create(roomSample(app.no, 'r1', { owner: 'owner' }), ['alice']);
});

/** What the only message so far was recorded as. */
async function sent(): Promise<Extract<RecordedEvent, { type: 'MessageSent' }>['data']> {
  const events = await world.events();
  expect(events).toHaveLength(1);
  const [event] = events;
  if (event?.type !== 'MessageSent') throw new Error(`nothing was sent but ${event?.type}`);
  return event.data;
}

const fileUrl = (org: string, uuid: string) => `http://127.0.0.1:1/${org}/demo-app/chatfiles/${uuid}`;
const file = '0f5b6f6c-6c0e-4a58-8a53-2a3a3a0f1c11';
const thumbnail = '1f5b6f6c-6c0e-4a58-8a53-2a3a3a0f1c11';

describe('a message that a client sends', () => {
  it('is the user’s, of that device, with the client’s own address, and is answered with its id and time', async () => {
    const answer = await alice.text('bob');

    const { caller } = alice;
    expect(answer).toEqual({ ok: true, serverId: idOf(answer), at: world.clock.now() });
    expect(await sent()).toEqual({
      msgId: idOf(answer),
      from: 'alice',
      chat: { kind: 'chat', id: 'bob' },
      contentKind: 'txt',
      attachments: [],
      sentAt: world.clock.now(),
      expiresAt: null,
      random: null,
      origin: { via: 'client', platform: 'Web', ip: caller.origin.ip },
      originDevice: caller.device,
      flags: {},
    });
  });

  it('is kept as it came, less what the server stamps', async () => {
    const payload = encodeMessageBody({
      type: 1,
      from: { name: 'alice' },
      to: { name: 'bob' },
      contents: [textOf('hi')],
    });
    const meta = { id: '7', to: { name: 'bob', domain: 'easemob.com' }, ns: 1, payload, routetype: 0 };

    const answer = await alice.raw({ ...meta, from: { name: 'mallory' }, timestamp: '5' });

    if (answer === null) throw new Error('a message is answered');
    const contents = await world.ports.contents.read(world.app.no, [idOf(answer)]);
    const stored = contents.get(idOf(answer));
    expect(stored).toEqual(storedMeta(wire.meta.encode({ payload }).finish()));
  });

  it.each<[ContentKind, Content]>([
    ['txt', { type: contentTypes.text, text: 'hi' }],
    ['img', { type: contentTypes.image, remotePath: 'http://elsewhere/1.png' }],
    ['video', { type: contentTypes.video, duration: 2 }],
    ['loc', { type: contentTypes.location, latitude: 1, longitude: 2, address: 'here' }],
    ['audio', { type: contentTypes.voice, duration: 2 }],
    ['file', { type: contentTypes.file, displayName: 'a.txt' }],
    ['cmd', { type: contentTypes.command, action: 'ring' }],
    ['custom', { type: contentTypes.custom, customEvent: 'gift' }],
    ['combine', { type: contentTypes.text, subType: subTypes.combine, title: 'two messages' }],
    ['unknown', { type: 99 }],
  ])('of the kind %s is one', async (kind, content) => {
    idOf(await alice.text('bob', { body: { contents: [content] } }));

    expect((await sent()).contentKind).toBe(kind);
  });

  it('refers to the files of its app that it points at, and to no others', async () => {
    const content = {
      type: contentTypes.video,
      remotePath: fileUrl('demo-org', file),
      thumbnailRemotePath: `${fileUrl('demo-org', thumbnail)}?vframe=true`,
    };
    const foreign = { type: contentTypes.file, remotePath: fileUrl('other-org', file) };

    idOf(await alice.text('bob', { body: { contents: [content, foreign] } }));

    expect((await sent()).attachments).toEqual([file, thumbnail]);
  });

  it('that is only for connected devices says so', async () => {
    idOf(await alice.text('bob', { meta: { routetype: 1 } }));

    expect((await sent()).flags).toEqual({ onlineOnly: true });
  });

  it('that is a command stands in no conversation list', async () => {
    idOf(await alice.text('bob', { body: { contents: [{ type: contentTypes.command, action: 'ring' }] } }));

    expect((await sent()).flags).toEqual({ unlisted: true });
    expect(await world.conversations('bob')).toEqual([]);
  });

  it('goes to the user’s own other devices, and to a receiver named without its app', async () => {
    idOf(await alice.text('alice', { meta: { to: { name: 'alice' } } }));

    expect((await sent()).chat).toEqual({ kind: 'chat', id: 'alice' });
  });

  it('is kept for as long as the server keeps messages', async () => {
    world = await createUplinkWorld({ settings: { messageRetentionMs: 86_400_000 } });

    idOf(await world.device('alice').text('bob'));

    expect((await sent()).expiresAt).toBe(world.clock.now() + 86_400_000);
  });
});

describe('in groups and rooms a client', () => {
  it.each([
    ['groupchat', 'g1', 'Public'],
    ['chatroom', 'r1', 'ChatRoom'],
  ] as const)('sends to a %s that its user is in', async (kind, id, groupType) => {
    idOf(await alice.text(id, { kind }));

    expect((await sent()).chat).toEqual({ kind, id, groupType });
  });

  it.each([
    ['groupchat', 'g1', 'not in group or chatroom'],
    ['chatroom', 'r1', 'not in group or chatroom'],
    ['groupchat', 'g9', 'group not found'],
    ['chatroom', 'g1', 'group not found'],
    ['groupchat', 'r1', 'group not found'],
  ] as const)('of somebody else is refused in the %s %s: %s', async (kind, id, reason) => {
    expect(await world.device('mallory').text(id, { kind })).toEqual({ ok: false, code: 1, reason });

    expect(await world.events()).toEqual([]);
  });

  it('directs a message to some members, and no list shows it', async () => {
    idOf(await alice.text('g1', { kind: 'groupchat', meta: { routetype: 2, directedUsers: ['bob'] } }));

    expect(await sent()).toMatchObject({ directedTo: ['bob'], flags: { unlisted: true } });
  });

  it('directs none to more members than one may name, and none in a one-to-one chat', async () => {
    const many = Array.from({ length: limits.directedToMax + 1 }, (_, n) => `u${n}`);
    const some = many.slice(1);
    const directed = (directedUsers: readonly string[]) => ({ meta: { routetype: 2, directedUsers } });

    expect(await alice.text('g1', { kind: 'groupchat', ...directed(many) })).toEqual({
      ok: false,
      code: 1,
      reason: 'limit directed users',
    });
    expect(await alice.text('bob', directed(some))).toEqual({
      ok: false,
      code: 4,
      reason: 'wrong: directed_users',
    });
    expect(await world.events()).toEqual([]);
    expect(await alice.text('g1', { kind: 'groupchat', ...directed(some) })).toMatchObject({ ok: true });
  });
});

describe('a message that is sent again', () => {
  it('is answered as it was first, and is there once', async () => {
    const meta = { id: '496000000077' };
    const first = await alice.text('bob', { meta });
    world.clock.advance(20_000);

    expect(await alice.text('bob', { meta })).toEqual(first);
    expect(await world.events()).toHaveLength(1);
  });

  it('is another one when it says something else under the same id, or to somebody else', async () => {
    const meta = { id: '496000000077' };
    const first = idOf(await alice.text('bob', { meta }));
    const second = idOf(await alice.text('bob', { meta, body: { contents: [textOf('other')] } }));
    const third = idOf(await alice.text('carol', { meta }));

    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('is another one from another device, and from another user whose name makes the same text', async () => {
    const meta = { id: '496000000077' };
    const senders = [
      ['alice', 'web'],
      ['alice', 'web2'],
      ['alice/web', '2'],
      ['alice', 'web/2'],
    ] as const;

    const ids = await Promise.all(
      senders.map(async ([user, device]) => idOf(await world.device(user, device).text('bob', { meta }))),
    );

    expect(new Set(ids).size).toBe(senders.length);
  });
});

describe('the order of what a client sends at once', () => {
  it('is kept, though the leave for what came first comes last', async () => {
    const waiting: (() => void)[] = [];
    const count = 20;
    const take = () =>
      new Promise<{ readonly ok: true }>((resolve) => {
        waiting.unshift(() => resolve({ ok: true }));
        if (waiting.length === count) void answerOneByOne(waiting);
      });
    await world.ports.rateLimits.change(world.app.no, { clientMessagesPerSecond: 100 });
    const storage = { ...world.ports, rateLimits: { ...world.ports.rateLimits, take } };
    const device = (await createUplinkWorld({ storage, loop: world.loop })).device('alice');

    const answers = Array.from({ length: count }, (_, n) =>
      device.text(n % 3 === 0 ? 'g1' : 'bob', { kind: n % 3 === 0 ? 'groupchat' : 'chat' }),
    );

    const ids = (await Promise.all(answers)).map(idOf);
    const events = await world.events();
    expect(events.map((event) => event.type === 'MessageSent' && event.data.msgId)).toEqual(ids);
  });
});

/** Lets the event loop take a turn after each. */
async function answerOneByOne(waiting: readonly (() => void)[]): Promise<void> {
  for (const answer of waiting) {
    answer();
    await new Promise(setImmediate);
  }
}
