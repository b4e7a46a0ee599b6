import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import { standingOf } from './tokenHolder.js';

const createdAt = 1_700_000_000_000;

describe('a user’s token', () => {
  it.each([
    ['issued to the user', createdAt + 1, 'good'],
    ['issued as the user was registered', createdAt, 'good'],
    ['issued by a clock that is a little late', createdAt - limits.clockSkewMsMax, 'good'],
    ['issued to a former user of the name', createdAt - limits.clockSkewMsMax - 1, 'former'],
  ])('%s is judged so', (_, issuedAt, expected) => {
    expect(standingOf({ createdAt, activated: true }, { issuedAt })).toBe(expected);
  });

  it('is worth nothing while the user is deactivated, or gone', () => {
    const token = { issuedAt: createdAt };

    expect(standingOf({ createdAt, activated: false }, token)).toBe('deactivated');
    expect(standingOf(undefined, token)).toBe('unknown');
  });
});
