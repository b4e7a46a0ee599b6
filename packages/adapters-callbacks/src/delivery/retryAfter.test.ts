import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retryAfter.js';

/** Tue, 14 Nov 2023 22:13:20 GMT */
const now = 1_700_000_000_000;

describe('how long a receiver asks to wait', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Tue, 14 Nov 2023 22:13:50 GMT', 30_000],
    ['Tuesday, 14-Nov-23 22:13:50 GMT', 30_000],
    ['Tue Nov 14 22:13:50 2023', 30_000],
    ['Fri Dec  1 22:13:20 2023', 17 * 86_400_000],
    ['Thu, 29 Feb 2024 22:13:20 GMT', 107 * 86_400_000],
    ['Tue, 14 Nov 2023 22:13:60 GMT', 40_000],
    // Two digits are the last year that ends in them unless that is within fifty years to come.
    ['Wednesday, 14-Nov-73 22:13:20 GMT', Date.UTC(2073, 10, 14, 22, 13, 20) - now],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ])('%j is %i ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', 'Tue, 14 Nov 2023 22:13:19 GMT'])(
    'a time that is over is no wait at all: %s',
    (header) => {
      expect(retryAfterMs(header, now)).toBe(0);
    },
  );

  it('is a number however many digits it has', () => {
    expect(retryAfterMs('9'.repeat(400), now)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    undefined,
    ['1', '2'],
    '',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    '２',
    '2023-11-14T22:13:50Z',
    'Tue, 14 Nov 2023 22:13:50',
    'Tue, 14 Nov 2023 22:13:50 +0100',
    'Tue, 14 Foo 2023 22:13:50 GMT',
    'Tue, 30 Feb 2024 22:13:50 GMT',
    'Tue, 14 Nov 2023 24:13:50 GMT',
    'Tue, 14 Nov 2023 22:60:50 GMT',
    'Tue, 14 Nov 2023 22:13:61 GMT',
    'Tue, 00 Nov 2023 22:13:50 GMT',
  ])('nonsense asks nothing: %j', (header) => {
    expect(retryAfterMs(header, now)).toBeNull();
  });
});
