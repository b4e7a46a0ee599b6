import { describe, expect, it } from 'vitest';
import { chatKeyText } from '../chat/chat.js';
import type { ChatKey, GroupType } from '../chat/chat.js';
import type { NewEvent } from '../events.js';
import { limits } from '../limits.js';
import { given, idAt, recallSample, sampleInstant, sentEvent } from '../testing/index.js';

const sentAt = sampleInstant;
const forced = { window: true, absence: true };
const group: ChatKey = { kind: 'groupchat', id: 'g1' };
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const expired: NewEvent = {
  type: 'MessageExpired',
  data: { msgId: idAt(sentAt, 1) },
  occurredAt: sentAt,
  actor: 'recalld',
};

/** The group as the server knows it. */
const known = (groupType: GroupType = 'Public') => ({
  chats: new Map([[chatKeyText(group), { groupType, disabled: false }]]),
});

describe('a message that the server does not have', () => {
  it('is not found, unless the recall is forced', () => {
    given().when(recallSample()).then('notFound');
    given()
      .when(recallSample({ waive: { window: true, absence: false } }))
      .then('notFound');
  });

  it('is recalled by force, in the chat that the request names, as sent by who recalls', () => {
    given()
      .when(recallSample({ waive: forced, by: 'admin' }))
      .then([
        {
          type: 'MessageRecalled',
          data: {
            from: 'admin',
            by: 'admin',
            chat: { kind: 'chat', id: 'u2' },
            forced: true,
            held: false,
            messageSeq: null,
            messageKey: null,
            audience: 'all',
          },
          actor: 'admin',
        },
      ]);
  });

  it('is recalled by force in a group that the server knows only', () => {
    given()
      .when(recallSample({ ...inGroup, waive: forced }))
      .then('chatNotFound');
    given()
      .and(known('Work'))
      .when(recallSample({ ...inGroup, waive: forced }))
      .then([
        { type: 'MessageRecalled', data: { chat: { kind: 'groupchat', id: 'g1', groupType: 'Work' } } },
      ]);
  });

  it('is not recalled by a user, who cannot have sent it', () => {
    given()
      .when(recallSample({ waive: forced, authority: 'user' }))
      .then('notPermitted');
  });

  it.each(['0', '-1', 'abc', '', '01', '9223372036854775808', '1e5'])('has an id: %j is none', (msgId) => {
    given()
      .when(recallSample({ msgId, waive: forced }))
      .then('notFound');
  });

  it('is not found when its id is from the future, by more than clocks may differ', () => {
    const now = sentAt;
    const skew = limits.clockSkewMsMax;
    given()
      .when(recallSample({ now, msgId: idAt(now + skew), waive: forced }))
      .then([{ type: 'MessageRecalled' }]);
    given()
      .when(recallSample({ now, msgId: idAt(now + skew + 1000), waive: forced }))
      .then('notFound');
  });

  it('may have an id that this server never minted', () => {
    given()
      .when(recallSample({ msgId: '1028442084794698104', waive: forced }))
      .then([{ type: 'MessageRecalled', data: { msgId: '1028442084794698104', held: false } }]);
  });
});

describe('a message whose time ran out', () => {
  const kept = sentEvent({ expiresAt: sentAt + 30_000 });

  it('is expired from that millisecond on, whether or not it was swept', () => {
    given(kept)
      .when(recallSample({ now: sentAt + 29_999 }))
      .then([{ type: 'MessageRecalled' }]);
    given(kept)
      .when(recallSample({ now: sentAt + 30_000 }))
      .then('expired');
    given(kept, expired).when(recallSample()).then('expired');
    given(sentEvent(), expired).when(recallSample()).then('expired');
  });

  it('is recalled by force, with its MsgKey, for the receivers', () => {
    given(kept, expired)
      .when(recallSample({ waive: forced, by: 'admin' }))
      .then([
        {
          type: 'MessageRecalled',
          data: { held: true, messageSeq: 1, messageKey: expect.any(String), audience: 'receivers' },
        },
      ]);
  });

  it('is recalled for the sender’s devices too when the sender asks himself', () => {
    given(kept, expired)
      .when(recallSample({ waive: forced, by: 'u1' }))
      .then([{ type: 'MessageRecalled', data: { audience: 'all' } }]);
    given(kept, expired)
      .when(recallSample({ waive: forced, by: 'u1', syncSender: false }))
      .then([{ type: 'MessageRecalled', data: { audience: 'receivers' } }]);
  });
});
