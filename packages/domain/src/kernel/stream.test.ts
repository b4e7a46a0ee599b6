import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeId, idEpochMs } from './ids.js';
import {
  acknowledgementStream,
  callbackRuleStream,
  callbackRuleTestStream,
  conversationStream,
  groupTimeline,
  messageStream,
  pairTimeline,
  parseStream,
  parseTimeline,
  recallPolicyStream,
  roomTimeline,
  streamDay,
  userTimeline,
} from './stream.js';

/** Any text that a JSON string can carry whole, with the characters that names are made of. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('/', '%', '%2F', '.', ' ', 'a', '|', '\\', '"') }),
);
const kind = fc.constantFrom('chat' as const, 'groupchat' as const);

describe('the name of a stream', () => {
  it('gives its parts back, whatever they are', () => {
    fc.assert(
      fc.property(text, kind, text, (user, of, channel) => {
        expect(parseStream(conversationStream(user, of, channel))).toEqual({
          category: 'conversation',
          parts: [user, of, channel],
        });
        expect(parseStream(messageStream(user))).toEqual({ category: 'message', parts: [user] });
        expect(parseStream(callbackRuleStream(user))).toEqual({ category: 'callback-rule', parts: [user] });
        expect(parseStream(callbackRuleTestStream(user))).toEqual({
          category: 'callback-rule-test',
          parts: [user],
        });
      }),
    );
  });

  it('is never that of two different streams', () => {
    fc.assert(
      fc.property(text, kind, text, text, kind, text, (u1, k1, c1, u2, k2, c2) => {
        const same = u1 === u2 && k1 === k2 && c1 === c2;
        expect(conversationStream(u1, k1, c1) === conversationStream(u2, k2, c2)).toBe(same);
      }),
    );
  });

  it('of the policy has no parts', () => {
    expect(parseStream(recallPolicyStream)).toEqual({ category: 'recall-policy', parts: [] });
    expect(() => parseStream('')).toThrow('invariant broken');
  });
});

describe('the name of a timeline', () => {
  it('gives its owner back, whatever the name', () => {
    fc.assert(
      fc.property(text, (id) => {
        expect(parseTimeline(groupTimeline(id))).toEqual({ kind: 'group', id });
        expect(parseTimeline(roomTimeline(id))).toEqual({ kind: 'room', id });
        expect(parseTimeline(userTimeline(id))).toEqual({ kind: 'user', id });
      }),
    );
  });

  it('of two users is one, whoever is named first', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const parsed = parseTimeline(pairTimeline(a, b));
        expect(pairTimeline(a, b)).toBe(pairTimeline(b, a));
        expect(parsed).toEqual({ kind: 'pair', userA: a < b ? a : b, userB: a < b ? b : a });
      }),
    );
  });

  it.each(['', 'pair', 'pair/a', 'group', 'moon/a'])('is not %j', (name) => {
    expect(() => parseTimeline(name)).toThrow('invariant broken');
  });
});

describe('the day of a stream', () => {
  it('is the day in a message’s id, whatever day it is read on', () => {
    const day = 86_400;
    expect(streamDay(messageStream(composeId(day * 4000, 1, 1)))).toBe(4000);
    expect(streamDay(messageStream(composeId(day * 4001 - 1, 1, 1)))).toBe(4000);
    expect(idEpochMs % (day * 1000)).toBe(0);
  });

  it('is that of the message for what was said of it', () => {
    const msgId = composeId(86_400 * 4000, 1, 1);
    expect(streamDay(acknowledgementStream(msgId, 'u2'))).toBe(4000);
    expect(streamDay(acknowledgementStream(msgId, 'a/b%'))).toBe(4000);
    expect(streamDay(acknowledgementStream('not an id', msgId))).toBe(0);
  });

  it('is 0 for every other stream, and for what is no message id', () => {
    expect(streamDay(recallPolicyStream)).toBe(0);
    expect(streamDay(conversationStream('u1', 'chat', 'u2'))).toBe(0);
    expect(streamDay(messageStream('not an id'))).toBe(0);
    expect(streamDay(conversationStream(composeId(86_400 * 4000, 1, 1), 'chat', 'u2'))).toBe(0);
  });
});
