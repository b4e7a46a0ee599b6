import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import {
  deleteRoamingSample,
  given,
  idAt,
  recalledEvent,
  sampleInstant,
  sentEvent,
} from '../testing/index.js';
import { evolveConversation, untouchedConversation } from './conversation.js';
import type { DeletedRoaming, RoamingDeleted } from './conversation.js';
import { deleteRoaming } from './deleteRoaming.js';

const [m1, m2, m3] = [1, 2, 3].map((counter) => idAt(sampleInstant, counter)) as [string, string, string];
const heads = (messages: number, timeline = 'pair/u1/u2') => ({ heads: new Map([[timeline, messages]]) });
const byIds = (...msgIds: readonly string[]) => deleteRoamingSample({ unwanted: { by: 'ids', msgIds } });
const byTime = (sentThrough: number) => deleteRoamingSample({ unwanted: { by: 'time', sentThrough } });

function deleted(what: DeletedRoaming): RoamingDeleted {
  const { user, kind, channel, origin, originDevice } = deleteRoamingSample();
  return {
    type: 'RoamingDeleted',
    data: { user, kind, channel, deleted: what, origin, originDevice },
    occurredAt: sampleInstant,
    actor: 'u2',
  };
}

const single = (messageSeq: number): DeletedRoaming => ({
  by: 'ids',
  messages: [{ msgId: idAt(sampleInstant, messageSeq), messageSeq }],
});
const older = (sentThrough: number, throughSeq: number): DeletedRoaming => ({
  by: 'time',
  sentThrough,
  throughSeq,
});

describe('deleting single messages from roaming', () => {
  const chat = [sentEvent({ msgId: m1 }), sentEvent({ msgId: m2 })];

  it('names their places in the chat', () => {
    const { user, kind, channel, origin, originDevice, noticeId, by, now } = deleteRoamingSample();
    given(...chat)
      .when(byIds(m1, m2))
      .then([
        {
          type: 'RoamingDeleted',
          data: {
            user,
            kind,
            channel,
            deleted: {
              by: 'ids',
              messages: [
                { msgId: m1, messageSeq: 1 },
                { msgId: m2, messageSeq: 2 },
              ],
            },
            origin,
            originDevice,
            noticeId,
          },
          occurredAt: now,
          actor: by,
        },
      ]);
  });

  it('passes over those of other chats, those that nobody knows, those that are recalled, and repetitions', () => {
    given(...chat, sentEvent({ msgId: m3, to: 'u3' }), recalledEvent({ msgId: m2 }))
      .when(byIds(m3, m2, 'no such message', m1, m1))
      .then([{ type: 'RoamingDeleted', data: { deleted: single(1) } }]);
    given(sentEvent({ msgId: m3, to: 'u3' }))
      .when(byIds(m3))
      .then([]);
    given().when(byIds()).then([]);
  });

  it('again adds nothing', () => {
    given(...chat, deleted(single(1)))
      .when(byIds(m1))
      .then([]);
    given(...chat, deleted(single(1)))
      .when(byIds(m1, m2))
      .then([{ type: 'RoamingDeleted', data: { deleted: single(2) } }]);
  });

  it('after the whole chat was deleted adds nothing', () => {
    given(...chat, {
      type: 'ConversationDeleted',
      data: { ...deleted(single(1)).data, kind: 'chat', throughSeq: 2, roaming: 'deleted' },
      occurredAt: sampleInstant,
      actor: 'u2',
    })
      .when(byIds(m1, m2))
      .then([]);
  });

  it('of a group or a room looks at that chat', () => {
    for (const kind of ['groupchat', 'chatroom'] as const) {
      given(sentEvent({ msgId: m1, chatKind: kind, to: 'c1' }))
        .when(deleteRoamingSample({ kind, channel: 'c1' }))
        .then([{ type: 'RoamingDeleted', data: { kind, channel: 'c1', deleted: single(1) } }]);
    }
    given(sentEvent({ msgId: m1, chatKind: 'chatroom', to: 'c1' }))
      .when(deleteRoamingSample({ kind: 'groupchat', channel: 'c1' }))
      .then([]);
  });

  it('tells nobody who is not to be told', () => {
    const verdict = deleteRoaming({ ...byTime(sampleInstant), noticeId: null }, untouchedConversation, {
      messages: 1,
      named: [],
    });
    expect(verdict).toEqual({ ok: true, events: [deleted(older(sampleInstant, 1))] });
  });

  it('takes no more of them than it may', () => {
    const tooMany = Array.from({ length: limits.roamingDeletionIdsMax + 1 }, () => m1);
    expect(() =>
      given()
        .when(byIds(...tooMany))
        .then([]),
    ).toThrow('are too many');
  });
});

describe('deleting roaming by time', () => {
  it('claims the messages so far, and no later time than now', () => {
    given()
      .and(heads(7))
      .when(byTime(sampleInstant - 5))
      .then([{ type: 'RoamingDeleted', data: { deleted: older(sampleInstant - 5, 7) } }]);
    given()
      .and(heads(7))
      .when(byTime(sampleInstant + 5))
      .then([{ type: 'RoamingDeleted', data: { deleted: older(sampleInstant, 7) } }]);
  });

  it('without messages does nothing', () => {
    given().when(byTime(sampleInstant)).then([]);
  });

  it('again adds nothing until a message came or a later time is named', () => {
    const history = given(deleted(older(sampleInstant - 5, 7)));
    history
      .and(heads(7))
      .when(byTime(sampleInstant - 5))
      .then([]);
    history
      .and(heads(7))
      .when(byTime(sampleInstant - 6))
      .then([]);
    history
      .and(heads(8))
      .when(byTime(sampleInstant - 5))
      .then([{ type: 'RoamingDeleted', data: { deleted: older(sampleInstant - 5, 8) } }]);
    history
      .and(heads(7))
      .when(byTime(sampleInstant - 4))
      .then([{ type: 'RoamingDeleted', data: { deleted: older(sampleInstant - 4, 7) } }]);
  });
});

describe('what is gone from roaming', () => {
  it('grows with each deletion and never shrinks', () => {
    const state = [single(3), older(500, 4), single(5), older(400, 9)]
      .map(deleted)
      .reduce(evolveConversation, untouchedConversation);

    expect(state).toEqual({
      ...untouchedConversation,
      roamSentThrough: 500,
      roamSentSeq: 9,
      deletedSeqs: new Set([3, 5]),
    });
  });
});
