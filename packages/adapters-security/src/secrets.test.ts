import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSecret, sameSecret } from './secrets.js';

describe('secrets', () => {
  it('are the same only when they are the same text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(sameSecret(a, a)).toBe(true);
        expect(sameSecret(a, b)).toBe(a === b);
      }),
    );
  });

  it('are made of 256 new bits in characters that an URL and a header take', () => {
    const made = new Set(Array.from({ length: 100 }, randomSecret));
    expect(made.size).toBe(100);
    for (const secret of made) expect(secret).toMatch(/^[\w-]{43}$/);
  });
});
