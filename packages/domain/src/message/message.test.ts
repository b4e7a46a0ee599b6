import { describe, expect, it } from 'vitest';
import { lowBits } from '../kernel/ids.js';
import { idAt, recalledEvent, sampleInstant, sentEvent } from '../testing/index.js';
import { evolveMessage, isKept, timelineOf, unknownMessage } from './message.js';
import type { Message, MessageEvent } from './message.js';

const msgId = idAt(sampleInstant, 1);
const by = { occurredAt: sampleInstant, actor: 'recalld' };
const expired: MessageEvent = { type: 'MessageExpired', data: { msgId }, ...by };
const purged = (attachment: string): MessageEvent => ({
  type: 'AttachmentPurged',
  data: { msgId, attachment },
  ...by,
});
const fold = (...events: readonly MessageEvent[]): Message => events.reduce(evolveMessage, unknownMessage);

describe('a message as its stream tells it', () => {
  it('is sent, with its MsgSeq and MsgKey once they are stamped', () => {
    const stamped = evolveMessage(unknownMessage, { ...sentEvent({ random: 42 }), messageSeq: 5 });
    const before = fold(sentEvent({ random: 42 }));

    expect(stamped).toMatchObject({
      status: 'sent',
      held: { from: 'u1', messageSeq: 5, messageKey: `5_42_${sampleInstant / 1000}` },
    });
    expect(before.status === 'sent' && before.held.messageSeq).toBeUndefined();
    expect(before.status === 'sent' && before.held.messageKey).toBeUndefined();
  });

  it('takes the low bits of its id into its MsgKey when the sender gave no random number', () => {
    const state = evolveMessage(unknownMessage, { ...sentEvent({ msgId }), messageSeq: 1 });

    expect(state).toMatchObject({ held: { messageKey: `1_${lowBits(msgId)}_${sampleInstant / 1000}` } });
  });

  it('has no MsgKey in a group', () => {
    const sent = sentEvent({ chatKind: 'groupchat', to: 'g1' });

    const state = evolveMessage(unknownMessage, { ...sent, messageSeq: 1 });

    expect(state.status === 'sent' && state.held.messageKey).toBeUndefined();
  });

  it('is expired, then recalled, and never sent again', () => {
    expect(fold(sentEvent(), expired)).toMatchObject({ status: 'expired', held: { from: 'u1' } });
    expect(fold(sentEvent(), expired, recalledEvent()).status).toBe('recalled');
    expect(fold(sentEvent(), recalledEvent(), expired).status).toBe('recalled');
    expect(fold(expired)).toBe(unknownMessage);
  });

  it('remembers which of its attachments were purged', () => {
    expect(fold(sentEvent(), recalledEvent(), purged('a'), purged('b'))).toMatchObject({
      status: 'recalled',
      purged: ['a', 'b'],
    });
    expect(fold(sentEvent(), purged('a')).status).toBe('sent');
  });

  it('does not swallow an event that it does not know', () => {
    const unknown = { ...expired, type: 'MessageForgotten' } as unknown as MessageEvent;

    expect(() => fold(unknown)).toThrow('invariant broken');
  });
});

describe('the timeline of a message', () => {
  it('is the pair’s, the group’s or the room’s', () => {
    expect(timelineOf('b', { kind: 'chat', id: 'a' })).toBe('pair/a/b');
    expect(timelineOf('b', { kind: 'groupchat', id: 'a' })).toBe('group/a');
    expect(timelineOf('b', { kind: 'chatroom', id: 'a' })).toBe('room/a');
    expect(() => timelineOf('b', { kind: 'moon' as 'chat', id: 'a' })).toThrow('invariant broken');
  });
});

describe('how long a message is kept', () => {
  it.each([
    [null, true],
    [sampleInstant + 1, true],
    [sampleInstant, false],
    [sampleInstant - 1, false],
  ])('until %s, seen from %#: %s', (expiresAt, kept) => {
    const state = fold(sentEvent({ expiresAt }));

    expect(state.status === 'sent' && isKept(state.held, sampleInstant)).toBe(kept);
  });
});
