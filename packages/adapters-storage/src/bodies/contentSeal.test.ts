import { describe, expect, it } from 'vitest';
import { createContentSeal, decrypt, encrypt } from './contentSeal.js';

const seal = createContentSeal(Buffer.alloc(32, 1));
const text = (content: Uint8Array) => Buffer.from(content).toString();

describe('the content seal', () => {
  it.each(['', 'a', 'x'.repeat(300_000)])('given content (%#), then it opens as it came', (content) => {
    const stored = seal.seal(Buffer.from(content), 'here');
    expect(text(seal.open(stored, 'here'))).toBe(content);
  });

  it('given the same content many times, then each has a key of its own, and none shows the content', () => {
    const stored = Array.from({ length: 1_000 }, () => seal.seal(Buffer.from('the same'), 'here'));

    expect(new Set(stored.map(({ wrapped }) => Buffer.from(wrapped).toString('hex'))).size).toBe(1_000);
    expect(new Set(stored.map(({ sealed }) => Buffer.from(sealed).toString('hex'))).size).toBe(1_000);
    expect(stored.some(({ sealed }) => Buffer.from(sealed).includes('same'))).toBe(false);
    expect(stored.every((each) => text(seal.open(each, 'here')) === 'the same')).toBe(true);
  });

  it('has wrapped keys of one size', () => {
    expect(seal.seal(Buffer.alloc(0), 'here').wrapped).toHaveLength(40);
    expect(seal.seal(Buffer.alloc(5_000), 'here').wrapped).toHaveLength(40);
  });

  it('given another place, key or content key, or one changed bit, then nothing opens', () => {
    const stored = seal.seal(Buffer.from('secret'), 'here');
    const other = seal.seal(Buffer.from('secret'), 'here');
    const changed = Buffer.from(stored.sealed);
    changed[0] = (changed[0] ?? 0) ^ 1;

    expect(() => seal.open(stored, 'there')).toThrow();
    expect(() => seal.open({ ...stored, wrapped: other.wrapped }, 'here')).toThrow();
    expect(() => createContentSeal(Buffer.alloc(32, 2)).open(stored, 'here')).toThrow();
    expect(() => seal.open({ ...stored, sealed: changed }, 'here')).toThrow();
    expect(() => seal.open({ ...stored, sealed: stored.sealed.subarray(0, 10) }, 'here')).toThrow();
  });

  it('given parts under one key, then each opens as the part that it is alone', () => {
    const { key } = seal.newKey();
    const parts = [0, 1].map((n) => encrypt(key, n, Buffer.from('part'), 'here'));

    expect(parts[0]).not.toEqual(parts[1]);
    expect(text(decrypt(key, 1, parts[1] ?? Buffer.alloc(0), 'here'))).toBe('part');
    expect(() => decrypt(key, 0, parts[1] ?? Buffer.alloc(0), 'here')).toThrow();
  });

  it('refuses a content key of another length', () => {
    expect(() => createContentSeal(Buffer.alloc(16))).toThrow('32 bytes');
  });
});
