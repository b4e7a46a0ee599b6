import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatKeyText, roleKeyText } from './chat.js';
import type { ChatKey } from './chat.js';

const key: fc.Arbitrary<ChatKey> = fc.record({
  kind: fc.constantFrom('groupchat' as const, 'chatroom' as const),
  id: fc.string({ unit: fc.constantFrom('/', '%', 'a', '2', 'F') }),
});
const user = fc.string({ unit: fc.constantFrom('/', '%', 'a', '2', 'F') });

describe('keys as text', () => {
  it('are the same for the same key only', () => {
    fc.assert(
      fc.property(key, key, user, user, (a, b, u, v) => {
        const sameChat = a.kind === b.kind && a.id === b.id;
        expect(chatKeyText(a) === chatKeyText(b)).toBe(sameChat);
        const [x, y] = [roleKeyText({ chat: a, user: u }), roleKeyText({ chat: b, user: v })];
        expect(x === y).toBe(sameChat && u === v);
      }),
    );
  });
});
