import { describe, expect, it } from 'vitest';
import { ruleSample } from '../testing/index.js';
import { changesAttempts, ruleForAttempt, wants } from './rule.js';
import type { CallbackRule } from './rule.js';

const rule = (change: Partial<CallbackRule> = {}): CallbackRule => ({
  ...ruleSample(1, 'r1'),
  version: 1,
  ...change,
});

describe('a callback rule', () => {
  it('wants to hear of the chats that it names, while it is enabled', () => {
    const some = rule({ chatTypes: ['chat', 'chatroom'] });

    expect(wants(some, 'chat')).toBe(true);
    expect(wants(some, 'chatroom')).toBe(true);
    expect(wants(some, 'groupchat')).toBe(false);
    expect(wants({ ...some, enabled: false }, 'chat')).toBe(false);
  });
});

describe('the rule that an attempt is made under', () => {
  const planned = rule();

  it('is the rule as it is now', () => {
    const now = rule({ version: 3, url: 'https://new.example/', sealedSecret: 'another', ordered: true });
    expect(ruleForAttempt(planned, [now, rule({ version: 2 }), planned])).toBe(now);
    expect(ruleForAttempt(planned, [planned])).toBe(planned);
  });

  it('is the last one of the dialect that was planned when it has another now', () => {
    const corrected = rule({ version: 2, url: 'https://new.example/' });
    const now = rule({ version: 3, dialect: 'native' });
    expect(ruleForAttempt(planned, [planned, now])).toBe(planned);
    expect(ruleForAttempt(planned, [planned, corrected, now])).toBe(corrected);
  });
});

describe('a change that an attempt depends on', () => {
  const client = { certificate: 'a PEM', sealedKey: 'a key' };
  const before = rule({ previousSecret: { sealed: 'old', until: 5 }, tls: { ca: 'a PEM', client } });

  it.each([
    { url: 'https://new.example/' },
    { dialect: 'native' },
    { enabled: false },
    { sealedSecret: null },
    { previousSecret: null },
    { previousSecret: { sealed: 'older', until: 5 } },
    { previousSecret: { sealed: 'old', until: 6 } },
    { tls: null },
    { tls: { ca: null, client } },
    { tls: { ca: 'a PEM', client: null } },
    { tls: { ca: 'a PEM', client: { ...client, certificate: 'another' } } },
    { tls: { ca: 'a PEM', client: { ...client, sealedKey: 'another' } } },
  ] as const)('is %o', (change) => {
    expect(changesAttempts(before, { ...before, ...change })).toBe(true);
    expect(changesAttempts({ ...before, ...change }, before)).toBe(true);
  });

  it.each([
    { version: 2 },
    { name: 'renamed' },
    { chatTypes: [] },
    { events: [] },
    { ordered: true },
    { concurrencyMax: 1 },
    { tls: { client: { ...client }, ca: 'a PEM' } },
    { previousSecret: { until: 5, sealed: 'old' } },
  ] as const)('is not %o', (change) => {
    expect(changesAttempts(before, { ...before, ...change })).toBe(false);
  });
});
