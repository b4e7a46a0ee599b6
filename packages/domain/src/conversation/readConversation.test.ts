import { describe, expect, it } from 'vitest';
import { clientOrigin, deleteSample, given, idAt, readSample, sampleInstant } from '../testing/index.js';
import { evolveConversation, untouchedConversation } from './conversation.js';
import type { ConversationRead } from './conversation.js';
import { readNoticeTimeline } from './readConversation.js';

const heads = (messages: number) => ({ heads: new Map([['pair/u1/u2', messages]]) });

function read(throughSeq: number): ConversationRead {
  return {
    type: 'ConversationRead',
    data: {
      user: 'u2',
      kind: 'chat',
      channel: 'u1',
      throughSeq,
      noticeId: idAt(sampleInstant, 50),
      origin: clientOrigin,
      originDevice: 'phone',
    },
    occurredAt: sampleInstant,
    actor: 'u2',
  };
}

describe('reading a conversation', () => {
  it('goes through all messages so far', () => {
    const { noticeId, origin, now } = readSample();
    given()
      .and(heads(7))
      .when(readSample())
      .then([
        {
          type: 'ConversationRead',
          data: {
            user: 'u2',
            kind: 'chat',
            channel: 'u1',
            throughSeq: 7,
            noticeId,
            origin,
            originDevice: 'web',
          },
          occurredAt: now,
          actor: 'u2',
        },
      ]);
  });

  it('without messages does nothing, and is not refused', () => {
    given().when(readSample()).then([]);
    given().and(heads(0)).when(readSample()).then([]);
  });

  it('again adds nothing until there is a new message', () => {
    given(read(7)).and(heads(7)).when(readSample()).then([]);
    given(read(7))
      .and(heads(8))
      .when(readSample())
      .then([{ type: 'ConversationRead', data: { throughSeq: 8 } }]);
  });

  it('touches that user only: the peer has read nothing', () => {
    given(read(7))
      .and(heads(7))
      .when(readSample({ user: 'u1', channel: 'u2' }))
      .then([{ type: 'ConversationRead', data: { user: 'u1', throughSeq: 7 } }]);
  });

  it('of a group looks at the group’s messages', () => {
    given()
      .and({ heads: new Map([['group/g1', 3]]) })
      .when(readSample({ kind: 'groupchat', channel: 'g1' }))
      .then([{ type: 'ConversationRead', data: { kind: 'groupchat', throughSeq: 3 } }]);
  });

  it('leaves what was deleted deleted, and a deletion leaves what was read read', () => {
    given(read(7))
      .and(heads(7))
      .when(deleteSample({ user: 'u2', channel: 'u1' }))
      .then([{ type: 'ConversationDeleted', data: { throughSeq: 7 } }]);
    const state = [read(7), read(5)].reduce(evolveConversation, { ...untouchedConversation, listThrough: 6 });
    expect(state).toEqual({ ...untouchedConversation, listThrough: 6, readThrough: 7 });
  });
});

describe('the notice of a reading', () => {
  it('stands where a peer sees it; members of a group do not', () => {
    expect(readNoticeTimeline('u2', 'chat', 'u1')).toBe('pair/u1/u2');
    expect(readNoticeTimeline('u2', 'groupchat', 'g1')).toBe('user/u2');
  });
});
