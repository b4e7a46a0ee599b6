import { describe, expect, it } from 'vitest';
import type { DomainEvent, RecordedEvent } from '../events.js';
import type { Recorded } from '../kernel/event.js';
import { clientOrigin, recalledEvent, sampleInstant, sentEvent } from '../testing/index.js';
import { itemIdOf, messageItemOf, noticeItemOf, placeOf } from './itemOf.js';

function recorded<E extends DomainEvent>(event: E): Recorded<E> {
  const stamps = { app: 1, position: 9, stream: 's', version: 1, commandId: 'c' };
  return { ...event, ...stamps, timeline: 'pair/u1/u2', timelinePosition: 5 };
}

const occurred = { occurredAt: sampleInstant + 5, actor: 'u2' };
const by = { origin: clientOrigin, originDevice: 'web' };
const acknowledged = recorded({
  type: 'MessageAcknowledged',
  data: {
    ackId: '11',
    ack: 'delivered',
    msgId: '1',
    by: 'u2',
    messageAuthor: 'u1',
    chat: { kind: 'chat', id: 'u2' },
    ...by,
  },
  ...occurred,
});
const readEvent = recorded({
  type: 'ConversationRead',
  data: { user: 'u2', kind: 'chat', channel: 'u1', throughSeq: 4, noticeId: '12', ...by },
  ...occurred,
});
const deleted = (notice: { readonly noticeId?: string }) =>
  recorded({
    type: 'ConversationDeleted',
    data: { user: 'u2', kind: 'groupchat', channel: 'g1', throughSeq: 4, roaming: 'kept', ...notice, ...by },
    ...occurred,
  });
const roamingDeleted = (notice: { readonly noticeId?: string }) =>
  recorded({
    type: 'RoamingDeleted',
    data: {
      user: 'u2',
      kind: 'chatroom',
      channel: 'r1',
      deleted: { by: 'time', sentThrough: 5, throughSeq: 4 },
      ...notice,
      ...by,
    },
    ...occurred,
  });
const recalled = recorded(recalledEvent({ recallId: '13', by: 'u2', originDevice: 'web' }));

const place = { app: 1, timeline: 'pair/u1/u2', position: 5, eventPosition: 9 };
const notice = { ...place, author: 'u2', originDevice: 'web', sentAt: occurred.occurredAt };

describe('the item of an event', () => {
  it.each<readonly [RecordedEvent, object]>([
    [
      acknowledged,
      {
        ...notice,
        kind: 'acknowledgement',
        itemId: '11',
        ack: 'delivered',
        msgId: '1',
        messageAuthor: 'u1',
        chat: { kind: 'chat', id: 'u2' },
      },
    ],
    [readEvent, { ...notice, kind: 'read', itemId: '12', conversation: 'chat', channel: 'u1' }],
    [
      deleted({ noticeId: '14' }),
      {
        ...notice,
        kind: 'deletion',
        itemId: '14',
        conversation: 'groupchat',
        channel: 'g1',
        roaming: 'kept',
      },
    ],
    [
      roamingDeleted({ noticeId: '15' }),
      { ...notice, kind: 'roamingDeletion', itemId: '15', conversation: 'chatroom', channel: 'r1' },
    ],
    [
      recalled,
      {
        ...notice,
        kind: 'recall',
        itemId: '13',
        sentAt: recalled.occurredAt,
        recalledId: recalled.data.msgId,
        messageAuthor: 'u1',
        chat: recalled.data.chat,
        audience: 'all',
      },
    ],
  ])('is its notice ($type)', (event, expected) => {
    const item = noticeItemOf(event);
    expect(item).toStrictEqual(expected);
    expect(itemIdOf(event)).toBe(item?.itemId);
  });

  it('is its message, with what became of it', () => {
    const event = { ...recorded(sentEvent({ flags: { unlisted: true } })), messageSeq: 3 };

    const item = messageItemOf(event, 'recalled');

    expect(item).toStrictEqual({
      ...place,
      kind: 'message',
      itemId: event.data.msgId,
      author: 'u1',
      originDevice: null,
      sentAt: sampleInstant,
      chat: { kind: 'chat', id: 'u2' },
      flags: { unlisted: true },
      messageSeq: 3,
      contentKind: 'txt',
      expiresAt: null,
      state: 'recalled',
    });
    expect(itemIdOf(event)).toBe(item.itemId);
  });

  it('names whom it is for when it is not for everybody', () => {
    const sent = { ...recorded(sentEvent({ chatKind: 'groupchat', directedTo: ['u2'] })), messageSeq: 3 };

    expect(messageItemOf(sent, 'live').directedTo).toEqual(['u2']);
    expect(noticeItemOf(recorded(recalledEvent({ directedTo: ['u2'] })))).toMatchObject({
      directedTo: ['u2'],
    });
  });

  it.each<RecordedEvent>([
    deleted({}),
    roamingDeleted({}),
    recorded(sentEvent()),
    recorded({ type: 'MessageExpired', data: { msgId: '1' }, ...occurred }),
    recorded({
      type: 'SessionsEnded',
      data: { user: 'u2', device: null, session: null, reason: 'kicked' },
      ...occurred,
    }),
  ])('is no notice ($type): of old releases, of messages, of what no device is told', (event) => {
    expect(noticeItemOf(event)).toBeUndefined();
    expect(itemIdOf(event)).toBe(event.type === 'MessageSent' ? event.data.msgId : undefined);
  });
});

describe('an item without a place', () => {
  it('breaks what the store promises', () => {
    const { type, data, occurredAt, actor, app, position, stream, version, commandId } = recalled;
    const nowhere = { type, data, occurredAt, actor, app, position, stream, version, commandId };
    expect(() => placeOf(nowhere)).toThrow('stands in a timeline');
    expect(() => noticeItemOf(nowhere)).toThrow('stands in a timeline');
    expect(() => messageItemOf(recorded(sentEvent()), 'live')).toThrow('has a MsgSeq');
  });
});
