import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeId, idEpochMs, isMsgId, lowBits, mintedAt } from './ids.js';

describe('a message id', () => {
  it.each(['1', '9', '1028442084794698104', '9223372036854775807', '999999999999999999'])(
    'can be %s',
    (id) => {
      expect(isMsgId(id)).toBe(true);
    },
  );

  it.each([
    '',
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    ' 1',
    '1\n',
    '٣',
    '9223372036854775808',
    '9999999999999999999',
    '10000000000000000000',
    'abc',
  ])('cannot be %j', (id) => {
    expect(isMsgId(id)).toBe(false);
  });

  it('tells the second in which it was minted', () => {
    expect(mintedAt(composeId(0, 1, 1))).toBe(idEpochMs);
    expect(idEpochMs).toBe(Date.UTC(2014, 11, 3));
    expect(mintedAt(composeId(2 ** 31 - 1, 1023, 2 ** 22 - 1))).toBe(idEpochMs + (2 ** 31 - 1) * 1000);
  });

  const parts = fc.record({
    second: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    node: fc.integer({ min: 0, max: 2 ** 10 - 1 }),
    counter: fc.integer({ min: 0, max: 2 ** 22 - 1 }),
  });

  it('is put together so that every part can be read again', () => {
    fc.assert(
      fc.property(parts, ({ second, node, counter }) => {
        const id = composeId(second, node, counter);
        expect(isMsgId(id)).toBe(true);
        expect(mintedAt(id)).toBe(idEpochMs + second * 1000);
        expect(lowBits(id)).toBe(node * 2 ** 22 + counter);
      }),
    );
  });

  it('grows with the second, then the node, then the counter', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const first = a.second - b.second || a.node - b.node || a.counter - b.counter;
        const [x, y] = [a, b].map(({ second, node, counter }) => BigInt(composeId(second, node, counter)));
        expect(Math.sign(first)).toBe(Number((x ?? 0n) > (y ?? 0n)) - Number((x ?? 0n) < (y ?? 0n)));
      }),
    );
  });
});
