import { describe, it } from 'vitest';
import { roleKeyText } from '../chat/chat.js';
import type { NewEvent } from '../events.js';
import {
  ackSample,
  clientOrigin,
  given,
  idAt,
  recalledEvent,
  sampleInstant,
  sentEvent,
} from '../testing/index.js';
import type { Ack, MessageAcknowledged } from './acknowledgeMessage.js';

const msgId = idAt(sampleInstant, 1);
const group = { kind: 'groupchat', id: 'g1' } as const;
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const members = (...users: readonly string[]) => ({
  roles: new Map(users.map((user) => [roleKeyText({ chat: group, user }), 'member' as const])),
});

function acknowledged(ack: Ack, by = 'u2'): MessageAcknowledged {
  return {
    type: 'MessageAcknowledged',
    data: {
      ackId: idAt(sampleInstant, 50),
      ack,
      msgId,
      by,
      messageAuthor: 'u1',
      chat: { kind: 'chat', id: 'u2' },
      origin: clientOrigin,
      originDevice: 'phone',
    },
    occurredAt: sampleInstant,
    actor: by,
  };
}

describe('acknowledging a message', () => {
  it('tells its author who says what of it', () => {
    const { ackId, origin, now } = ackSample();
    given(sentEvent())
      .when(ackSample())
      .then([
        {
          type: 'MessageAcknowledged',
          data: {
            ackId,
            ack: 'read',
            msgId,
            by: 'u2',
            messageAuthor: 'u1',
            chat: { kind: 'chat', id: 'u2' },
            origin,
            originDevice: 'web',
          },
          occurredAt: now,
          actor: 'u2',
        },
      ]);
  });

  it.each([
    ['delivered', 'delivered', []],
    ['delivered', 'read', [{ type: 'MessageAcknowledged', data: { ack: 'read' } }]],
    ['read', 'delivered', []],
    ['read', 'read', []],
  ] as const)('that is %s already: %s is told only when it is news', (before, ack, expected) => {
    given(sentEvent(), acknowledged(before))
      .when(ackSample({ ack, originDevice: 'tv' }))
      .then(expected);
  });

  it('of one receiver says nothing of another', () => {
    given(sentEvent(inGroup), acknowledged('read', 'u3'))
      .and(members('u2', 'u3'))
      .when(ackSample(inGroup))
      .then([{ type: 'MessageAcknowledged', data: { by: 'u2' } }]);
  });

  it('that has expired on the server is told: devices still have it', () => {
    const expired: NewEvent = {
      type: 'MessageExpired',
      data: { msgId },
      occurredAt: sampleInstant,
      actor: 'recalld',
    };
    given(sentEvent(), expired)
      .when(ackSample())
      .then([{ type: 'MessageAcknowledged' }]);
  });

  it.each([
    ['is unknown', []],
    ['was recalled', [sentEvent(), recalledEvent()]],
    ['was recalled, and never was here', [recalledEvent({ held: false })]],
  ] as const)('that %s adds nothing', (_, history) => {
    given(...history)
      .when(ackSample())
      .then([]);
  });
});

describe('who has not received a message', () => {
  it.each([
    ['its author', { by: 'u1', to: 'u2' }],
    ['its author, as if a receiver', { by: 'u1', to: 'u1' }],
    ['a third user', { by: 'u3', to: 'u1' }],
    ['its receiver, in another chat', { to: 'u3' }],
    ['its receiver, in a group', inGroup],
  ] as const)('says nothing of it: %s', (_, change) => {
    given(sentEvent())
      .and(members('u1', 'u2', 'u3'))
      .when(ackSample(change))
      .then([]);
  });

  it('says nothing of it: who sends to themselves', () => {
    given(sentEvent({ to: 'u1' }))
      .when(ackSample({ by: 'u1', to: 'u1' }))
      .then([]);
  });

  it('says nothing of a message in a group: who is no member, or no longer', () => {
    given(sentEvent(inGroup)).and(members('u3')).when(ackSample(inGroup)).then([]);
    given(sentEvent(inGroup))
      .and(members('u2'))
      .when(ackSample(inGroup))
      .then([{ type: 'MessageAcknowledged', data: { chat: { kind: 'groupchat', id: 'g1' } } }]);
  });

  it('says nothing of a message in a group: a member whom it is not directed to', () => {
    const directed = sentEvent({ ...inGroup, directedTo: ['u2'] });
    given(directed)
      .and(members('u2', 'u3'))
      .when(ackSample({ ...inGroup, by: 'u3' }))
      .then([]);
    given(directed)
      .and(members('u2', 'u3'))
      .when(ackSample(inGroup))
      .then([{ type: 'MessageAcknowledged', data: { by: 'u2' } }]);
  });

  it('says nothing of a message in a group that is named as another one', () => {
    given(sentEvent(inGroup))
      .and(members('u2'))
      .when(ackSample({ ...inGroup, to: 'g2' }))
      .then([]);
  });
});
