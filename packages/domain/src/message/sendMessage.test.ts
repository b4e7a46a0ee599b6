import { describe, expect, it } from 'vitest';
import { chatKeyText } from '../chat/chat.js';
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
