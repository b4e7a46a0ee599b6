import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { isNativeSecret, newNativeSecret, signatureOf } from './signature.js';

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`;

describe('the secret of a native rule', () => {
  it('is whsec_ and the base64 of 24 to 64 bytes', () => {
    expect([23, 24, 25, 26, 32, 63, 64, 65].filter((bytes) => isNativeSecret(secretOf(bytes)))).toEqual([
      24, 25, 26, 32, 63, 64,
    ]);
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'whsec_'],
    ['no prefix', secretOf(32).slice('whsec_'.length)],
    ['another prefix', secretOf(32).replace('whsec_', 'WHSEC_')],
    ['no padding', secretOf(25).replace('=', '')],
    ['the alphabet of URLs', secretOf(32).replaceAll('+', '-').replaceAll('/', '_')],
    ['a space', `${secretOf(32)} `],
    ['a line break', secretOf(48).replace('+', '\n+')],
    ['bits that no byte has', `whsec_${'A'.repeat(33)}B==`],
  ])('is refused with %s', (_, secret) => {
    expect(isNativeSecret(secret)).toBe(false);
  });

  it('is new each time when the server makes one', () => {
    const [one, other] = [newNativeSecret(), newNativeSecret()];

    expect([one, other].every(isNativeSecret)).toBe(true);
    expect(one).not.toBe(other);
  });
});

describe('a signature', () => {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

  it('is what the verifier itself computes', () => {
    const expected = new Webhook(secret).sign('id', new Date(1_700_000_000_000), '{"name":"猫"}');

    expect(signatureOf([secret], 'id.1700000000.{"name":"猫"}')).toBe(expected);
  });

  it('is one per secret, in their order', () => {
    const other = newNativeSecret();

    expect(signatureOf([secret, other], 'text')).toBe(
      `${signatureOf([secret], 'text')} ${signatureOf([other], 'text')}`,
    );
  });

  it('is never made with a secret of another kind', () => {
    expect(() => signatureOf(['an easemob secret'], 'text')).toThrow('whsec_');
  });
});
