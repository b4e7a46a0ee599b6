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

  describe('with keys of before', () => {
    const [older, old, now] = ['older', 'old', 'now'].map((name) => `${name} ${key}`) as [
      string,
      string,
      string,
    ];
    const rotated = createSecretBox(now, [old, older]);

    it('opens what any of them has sealed', () => {
      for (const each of [older, old, now]) {
        expect(rotated.open(createSecretBox(each).seal('secret'))).toBe('secret');
      }
    });

    it('seals under the present one alone', () => {
      const sealed = rotated.seal('secret');
      expect(createSecretBox(now).open(sealed)).toBe('secret');
      expect(() => createSecretBox(old, [older]).open(sealed)).toThrow(/another key/);
    });

    it('reseals the same secret, once, so that the older keys are not needed any more', () => {
      const resealed = rotated.reseal(createSecretBox(older).seal('secret'));
      expect(createSecretBox(now).open(resealed?.sealed ?? '')).toBe('secret');
      expect(rotated.reseal(resealed?.sealed ?? '')).toBeUndefined();
    });

    it('says which of them a secret was sealed under', () => {
      for (const each of [older, old]) {
        expect(rotated.reseal(createSecretBox(each).seal('secret'))?.previousKey).toBe(each);
      }
    });

    it('reseals neither what no key opens nor what is damaged', () => {
      const foreign = createSecretBox(`foreign ${key}`).seal('secret');
      expect(() => rotated.reseal(foreign)).toThrow(/another key: check RECALLD_SECRET_KEY/);
      const sealed = createSecretBox(old).seal('secret');
      expect(() => rotated.reseal(sealed.slice(0, -4))).toThrow(SealBroken);
    });

    it('given the present key among them, then nothing is resealed', () => {
      const same = createSecretBox(now, [now]);
      expect(same.reseal(same.seal('secret'))).toBeUndefined();
    });
  });
});
