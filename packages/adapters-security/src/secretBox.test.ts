import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretBox, SealBroken } from './secretBox.js';

const key = 'a key of at least thirty-two characters';
const box = createSecretBox(key);

describe('the secret box', () => {
  it('opens what it sealed, also after a restart under the same key', () => {
    const restarted = createSecretBox(key);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
        expect(restarted.open(box.seal(secret))).toBe(secret);
      }),
    );
  });

  it('never seals the same secret to the same text', () => {
    expect(box.seal('secret')).not.toBe(box.seal('secret'));
  });

  it('names its version first, for a later rotation', () => {
    expect(box.seal('secret')).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
  });

  it('tells another key apart from damage', () => {
    const sealed = createSecretBox(`${key}!`).seal('secret');
    expect(() => box.open(sealed)).toThrow(/sealed under another key: check RECALLD_SECRET_KEY/);
  });

  it('refuses a sealed text with any character changed or dropped', () => {
    const sealed = box.seal('a secret');
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('', 'A', 'z', '_', '!'), (index, instead) => {
        fc.pre(sealed[index] !== instead);
        const tampered = sealed.slice(0, index) + instead + sealed.slice(index + 1);
        expect(() => box.open(tampered)).toThrow(SealBroken);
      }),
    );
  });

  it('says nothing of the secret or its text when it cannot open', () => {
    const sealed = box.seal('hush');
    const tampered = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    expect(() => box.open(tampered)).toThrow(/^(?!.*hush).*damaged/);
    expect(() => box.open('hush')).toThrow(/^(?!.*hush).*damaged/);
  });
});
