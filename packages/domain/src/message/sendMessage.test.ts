import { describe, expect, it } from 'vitest';
import { chatKeyText, roleKeyText } from '../chat/chat.js';
import type { ChatKind } from '../chat/chat.js';
import { restraintKeyText } from '../chat/restraint.js';
import type { RestraintScope } from '../chat/restraint.js';
import type { NewEvent } from '../events.js';
import {
  given,
  idAt,
  recalledEvent,
  sampleInstant,
  sampleOrigin,
  sendSample,
  sentEvent,
} from '../testing/index.js';
import { unknownMessage } from './message.js';
import { sendMessage } from './sendMessage.js';
import type { SendRefusal } from './sendMessage.js';

describe('sending', () => {
  it('records who sent what kind of message to whom, and none of its content', () => {
    const command = sendSample({
      attachments: ['a', 'b'],
      random: 7,
      expiresAt: sampleInstant + 1,
      flags: { noRoam: true },
      originDevice: 'web_1',
      contentKind: 'img',
    });

    const verdict = sendMessage(command, unknownMessage, {
      chat: undefined,
      role: undefined,
      restraints: { everywhere: undefined, here: undefined },
      sentBefore: undefined,
    });

    expect(verdict).toStrictEqual({
      ok: true,
      events: [
        {
          type: 'MessageSent',
          data: {
            msgId: command.msgId,
            from: 'u1',
            chat: { kind: 'chat', id: 'u2' },
            contentKind: 'img',
            attachments: ['a', 'b'],
            sentAt: sampleInstant,
            expiresAt: sampleInstant + 1,
            random: 7,
            origin: sampleOrigin,
            originDevice: 'web_1',
            flags: { noRoam: true },
          },
          occurredAt: sampleInstant,
          actor: 'u1',
        },
      ],
    });
  });

  it.each(['user', 'app'] as const)('a command by the %s’s authority stands in no list', (authority) => {
    const command = sendSample({ contentKind: 'cmd', flags: { onlineOnly: true }, authority });

    const verdict = sendMessage(command, unknownMessage, {
      chat: undefined,
      role: undefined,
      restraints: { everywhere: undefined, here: undefined },
      sentBefore: undefined,
    });

    expect(verdict).toMatchObject({ events: [{ data: { flags: { onlineOnly: true, unlisted: true } } }] });
  });

  it('records the type of a group or room that the server knows', () => {
    const chats = new Map([
      [chatKeyText({ kind: 'groupchat', id: 'g1' }), { groupType: 'Work' as const, disabled: false }],
    ]);
    given()
      .and({ chats })
      .when(sendSample({ chatKind: 'groupchat', to: 'g1' }))
      .then([{ type: 'MessageSent', data: { chat: { kind: 'groupchat', id: 'g1', groupType: 'Work' } } }]);
  });

  it('needs no chat that the server knows', () => {
    given()
      .when(sendSample({ chatKind: 'chatroom', to: 'r1' }))
      .then([{ type: 'MessageSent', data: { chat: { kind: 'chatroom', id: 'r1' } } }]);
  });

  it('that comes back by itself adds nothing', () => {
    given(sentEvent()).when(sendSample()).then([]);
  });

  it.each([
    ['sender', { from: 'u3' }],
    ['receiver', { to: 'u3' }],
    ['kind of chat', { chatKind: 'groupchat' }],
    ['time', { now: sampleInstant + 1 }],
  ] as const)('is refused when the id is another message’s: other %s', (_, change) => {
    given(sentEvent()).when(sendSample(change)).then('idTaken');
  });

  it('does not bring back a recalled or expired message', () => {
    const data = { msgId: idAt(sampleInstant, 1) };
    const expired: NewEvent = {
      type: 'MessageExpired',
      data,
      occurredAt: sampleInstant,
      actor: 'recalld',
    };
    given(sentEvent(), recalledEvent()).when(sendSample()).then('idTaken');
    given(sentEvent(), expired).when(sendSample()).then('idTaken');
    given(recalledEvent({ held: false }))
      .when(sendSample())
      .then('idTaken');
  });
});

const group = { kind: 'groupchat', id: 'g1' } as const;
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const known = { chats: new Map([[chatKeyText(group), { groupType: 'Public' as const, disabled: false }]]) };
const member = { roles: new Map([[roleKeyText({ chat: group, user: 'u1' }), 'member' as const]]) };
const [m1, m2] = [idAt(sampleInstant, 1), idAt(sampleInstant, 2)];

describe('sending by a client', () => {
  it('to a group needs the group, and to be in it', () => {
    const command = sendSample({ ...inGroup, authority: 'user' });
    given().and(member).when(command).then('chatNotFound');
    given().and(known).when(command).then('notMember');
    given()
      .and({ ...known, ...member })
      .when(command)
      .then([{ type: 'MessageSent', data: { chat: { ...group, groupType: 'Public' } } }]);
  });

  it('to a user needs nothing; to oneself neither', () => {
    for (const to of ['u2', 'u1']) {
      given()
        .when(sendSample({ to, authority: 'user' }))
        .then([{ type: 'MessageSent', data: { from: 'u1', chat: { kind: 'chat', id: to } } }]);
    }
  });

  it('may be for some members of a group only; between two users that means nothing', () => {
    const directed = (change: object) =>
      sendMessage(sendSample({ directedTo: ['u3'], ...change }), unknownMessage, {
        chat: undefined,
        role: undefined,
        restraints: { everywhere: undefined, here: undefined },
        sentBefore: undefined,
      });
    expect(directed(inGroup)).toMatchObject({ events: [{ data: { directedTo: ['u3'] } }] });
    const between = directed({});
    expect(between.ok && between.events[0] && 'directedTo' in between.events[0].data).toBe(false);
  });
});

describe('what keeps a client from sending', () => {
  const room = { kind: 'chatroom', id: 'r1' } as const;
  const inRoom = { chatKind: 'chatroom', to: 'r1' } as const;
  const by = (...keys: readonly [RestraintScope, number | null][]) => ({
    restraints: new Map(keys.map(([scope, until]) => [restraintKeyText({ scope, user: 'u1' }), { until }])),
  });
  const chats = (disabled: boolean) => ({
    chats: new Map(
      [group, room].map((key) => [chatKeyText(key), { groupType: 'Public' as const, disabled }]),
    ),
    roles: new Map([group, room].map((chat) => [roleKeyText({ chat, user: 'u1' }), 'owner' as const])),
  });
  const byUser = { by: 'user', user: 'u2' } as const;
  const byGroup = { by: 'chat', chat: group } as const;
  const byApp = (kind: ChatKind) => ({ by: 'app', kind }) as const;

  it.each<[string, RestraintScope, object, SendRefusal]>([
    ['the receiver', byUser, {}, 'blocked'],
    ['the app, for one-to-one chats', byApp('chat'), {}, 'mutedEverywhere'],
    ['a group, its owner too', byGroup, inGroup, 'muted'],
    ['the app, for groups', byApp('groupchat'), inGroup, 'mutedEverywhere'],
    ['a room', { by: 'chat', chat: room }, inRoom, 'muted'],
    ['the app, for rooms', byApp('chatroom'), inRoom, 'mutedEverywhere'],
  ])('is %s, until it ends', (_, scope, to, refusal) => {
    const command = sendSample({ ...to, authority: 'user' });
    const when = (until: number | null) =>
      given()
        .and({ ...chats(false), ...by([scope, until]) })
        .when(command);
    when(null).then(refusal);
    when(command.now + 1).then(refusal);
    when(command.now).then([{ type: 'MessageSent' }]);
  });

  it.each<[string, RestraintScope, object]>([
    ['another user', { by: 'user', user: 'u3' }, {}],
    ['the receiver, when it is for a group', byUser, inGroup],
    ['another group', { by: 'chat', chat: { kind: 'groupchat', id: 'g2' } }, inGroup],
    ['a room of the same name', { by: 'chat', chat: { kind: 'chatroom', id: 'g1' } }, inGroup],
    ['the app, for chats of another kind', byApp('chatroom'), inGroup],
  ])('is not %s', (_, scope, to) => {
    given()
      .and({ ...chats(false), ...by([scope, null]) })
      .when(sendSample({ ...to, authority: 'user' }))
      .then([{ type: 'MessageSent' }]);
  });

  it('is a group that is disabled, and what binds more comes first', () => {
    const command = sendSample({ ...inGroup, authority: 'user' });
    const both = by([byGroup, null], [byApp('groupchat'), null]);
    given()
      .and({ ...chats(true), ...both })
      .when(command)
      .then('chatDisabled');
    given()
      .and({ ...chats(true), ...both, roles: new Map() })
      .when(command)
      .then('notMember');
    given()
      .and({ ...chats(false), ...both })
      .when(command)
      .then('mutedEverywhere');
  });

  it('keeps the app from nothing', () => {
    const everything = by([byUser, null], [byGroup, null], [byApp('chat'), null], [byApp('groupchat'), null]);
    for (const to of [{}, inGroup]) {
      given()
        .and({ ...chats(true), ...everything })
        .when(sendSample(to))
        .then([{ type: 'MessageSent' }]);
    }
  });
});

describe('sending under a key', () => {
  const retried = (msgId: string) => ({ retried: new Map([['u1 web 1', msgId]]) });

  it('that nobody used is sending', () => {
    given()
      .when(sendSample({ retryKey: 'u1 web 1' }))
      .then([{ type: 'MessageSent' }]);
  });

  it('again is refused, whatever became of the group and of the first message meanwhile', () => {
    const again = sendSample({ msgId: m2, ...inGroup, authority: 'user', retryKey: 'u1 web 1' });
    given(sentEvent({ msgId: m1 }), recalledEvent({ msgId: m1 }))
      .and(retried(m1))
      .when(again)
      .then('sentBefore');
    given(sentEvent({ msgId: m2 }))
      .and(retried(m1))
      .when(again)
      .then('sentBefore');
  });

  it('that comes back by itself adds nothing', () => {
    given(sentEvent({ msgId: m1 }))
      .and(retried(m1))
      .when(sendSample({ msgId: m1, retryKey: 'u1 web 1' }))
      .then([]);
  });

  it('is no matter of who sends without one', () => {
    given()
      .and(retried(m1))
      .when(sendSample({ msgId: m2 }))
      .then([{ type: 'MessageSent' }]);
  });
});
