import { describe, expect, it } from 'vitest';
import { pageOf, placeIn } from './paging.js';

const cursorOf = (json: string) => Buffer.from(json, 'utf8').toString('base64url');

describe('a cursor', () => {
  it('leads to the place that it was given out for', () => {
    const { cursor } = pageOf(
      [1, 2],
      1,
      (n) => [n * 1_000, 'id'],
      (n) => n,
    );
    expect(placeIn(cursor, 'number', 'string')).toEqual([1_000, 'id']);
  });

  it.each([
    '[1.5,"x"]',
    '[1e300,"x"]',
    '[1e20,"x"]',
    '[9007199254740993,"x"]',
    '[-1e400,"x"]',
    '["1","x"]',
    '[1,2]',
    '[1]',
    '{}',
    'no JSON',
  ])('that holds %s was never given out: it reads as the start', (json) => {
    expect(placeIn(cursorOf(json), 'number', 'string')).toBeUndefined();
  });
});
