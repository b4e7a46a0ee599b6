import { describe, expect, it } from 'vitest';
import { ruleSample } from '../testing/index.js';
import { wants } from './rule.js';

describe('a callback rule', () => {
  it('wants to hear of the chats that it names, while it is enabled', () => {
    const rule = { ...ruleSample(1, 'r1', { chatTypes: ['chat', 'chatroom'] }), version: 1 };

    expect(wants(rule, 'chat')).toBe(true);
    expect(wants(rule, 'chatroom')).toBe(true);
    expect(wants(rule, 'groupchat')).toBe(false);
    expect(wants({ ...rule, enabled: false }, 'chat')).toBe(false);
  });
});
