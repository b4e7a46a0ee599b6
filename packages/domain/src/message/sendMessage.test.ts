import { describe, expect, it } from 'vitest';
import { chatKeyText, roleKeyText } from '../chat/chat.js';
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
      groupType: undefined,
      role: undefined,
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

  it('records the type of a group or room that the server knows', () => {
    const chats = new Map([[chatKeyText({ kind: 'groupchat', id: 'g1' }), { groupType: 'Work' as const }]]);
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
const known = { chats: new Map([[chatKeyText(group), { groupType: 'Public' as const }]]) };
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
        groupType: undefined,
        role: undefined,
        sentBefore: undefined,
      });
    expect(directed(inGroup)).toMatchObject({ events: [{ data: { directedTo: ['u3'] } }] });
    const between = directed({});
    expect(between.ok && between.events[0] && 'directedTo' in between.events[0].data).toBe(false);
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
