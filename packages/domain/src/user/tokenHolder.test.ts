import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import { holdsToken } from './tokenHolder.js';

const createdAt = 1_700_000_000_000;

describe('a token is its user’s', () => {
  it.each([
    ['issued to the user', createdAt + 1, true],
    ['issued as the user was registered', createdAt, true],
    ['issued by a clock that is a little late', createdAt - limits.clockSkewMsMax, true],
    ['issued to a former user of the name', createdAt - limits.clockSkewMsMax - 1, false],
  ])('given one %s', (_, issuedAt, expected) => {
    expect(holdsToken({ createdAt }, { issuedAt })).toBe(expected);
  });
});
