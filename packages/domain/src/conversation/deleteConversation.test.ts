import { describe, expect, it } from 'vitest';
import { deleteSample, given, sampleInstant, sampleOrigin } from '../testing/index.js';
import { conversationTimeline, evolveConversation, untouchedConversation } from './conversation.js';
import type { ConversationDeleted } from './conversation.js';

const heads = (messages: number) => ({ heads: new Map([['pair/u1/u2', messages]]) });

function deleted(throughSeq: number, roaming: 'deleted' | 'kept'): ConversationDeleted {
  return {
    type: 'ConversationDeleted',
    data: {
      user: 'u1',
      kind: 'chat',
      channel: 'u2',
      throughSeq,
      roaming,
      origin: sampleOrigin,
      originDevice: null,
    },
    occurredAt: sampleInstant,
    actor: 'admin',
  };
}

describe('deleting a conversation', () => {
  it.each([
    [true, 'deleted'],
    [false, 'kept'],
  ] as const)('goes through all messages so far (roaming deleted: %s)', (deleteRoaming, roaming) => {
    given()
      .and(heads(7))
      .when(deleteSample({ deleteRoaming }))
      .then([
        {
          type: 'ConversationDeleted',
          data: { user: 'u1', kind: 'chat', channel: 'u2', throughSeq: 7, roaming },
          occurredAt: sampleInstant,
          actor: 'admin',
        },
      ]);
  });

  it('of a chat without messages does nothing, and is not refused', () => {
    given().when(deleteSample()).then([]);
    given().and(heads(0)).when(deleteSample()).then([]);
  });

  it('again adds nothing until there is a new message', () => {
    given(deleted(7, 'deleted')).and(heads(7)).when(deleteSample()).then([]);
    given(deleted(7, 'deleted'))
      .and(heads(7))
      .when(deleteSample({ deleteRoaming: false }))
      .then([]);
    given(deleted(7, 'deleted'))
      .and(heads(8))
      .when(deleteSample())
      .then([{ type: 'ConversationDeleted', data: { throughSeq: 8 } }]);
  });

  it('takes the roaming too when the first deletion had kept it', () => {
    given(deleted(7, 'kept'))
      .and(heads(7))
      .when(deleteSample({ deleteRoaming: true }))
      .then([{ type: 'ConversationDeleted', data: { throughSeq: 7, roaming: 'deleted' } }]);
    given(deleted(7, 'kept'), deleted(7, 'deleted')).and(heads(7)).when(deleteSample()).then([]);
  });

  it('touches that user only: the peer’s view is another stream', () => {
    given(deleted(7, 'deleted'))
      .and(heads(7))
      .when(deleteSample({ user: 'u2', channel: 'u1' }))
      .then([{ type: 'ConversationDeleted', data: { user: 'u2', throughSeq: 7 } }]);
  });

  it('of a group looks at the group’s messages', () => {
    given()
      .and({ heads: new Map([['group/g1', 3]]) })
      .when(deleteSample({ kind: 'groupchat', channel: 'g1' }))
      .then([{ type: 'ConversationDeleted', data: { kind: 'groupchat', throughSeq: 3 } }]);
  });
});

describe('what a user no longer sees', () => {
  it('grows with each deletion and never shrinks', () => {
    const states = [deleted(3, 'deleted'), deleted(7, 'kept'), deleted(5, 'deleted'), deleted(9, 'deleted')]
      .map((_, n, all) => all.slice(0, n + 1))
      .map((events) => events.reduce(evolveConversation, untouchedConversation));

    expect(states).toEqual([
      { ...untouchedConversation, listThrough: 3, roamThrough: 3 },
      { ...untouchedConversation, listThrough: 7, roamThrough: 3 },
      { ...untouchedConversation, listThrough: 7, roamThrough: 5 },
      { ...untouchedConversation, listThrough: 9, roamThrough: 9 },
    ]);
  });

  it('does not swallow an event that it does not know', () => {
    const unknown = { ...deleted(1, 'kept'), type: 'ConversationPinned' } as unknown as ConversationDeleted;

    expect(() => evolveConversation(untouchedConversation, unknown)).toThrow('invariant broken');
  });
});

describe('the timeline that a conversation looks at', () => {
  it('is the pair’s or the group’s', () => {
    expect(conversationTimeline('b', 'chat', 'a')).toBe('pair/a/b');
    expect(conversationTimeline('b', 'groupchat', 'a')).toBe('group/a');
  });
});
