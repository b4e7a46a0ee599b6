import { describe, expect, it } from 'vitest';
import { stretchAfter } from './membership.js';

describe('the stretch of a timeline that a user may see something in', () => {
  it('of a chat that is the user’s own is all behind the position', () => {
    expect(stretchAfter('everything', 7)).toEqual({ from: 7, through: null });
  });

  it('starts with the membership, or with the position when that is later', () => {
    const spans = [{ from: 5, through: null }];
    expect(stretchAfter(spans, 2)).toEqual({ from: 5, through: null });
    expect(stretchAfter(spans, 9)).toEqual({ from: 9, through: null });
  });

  it('goes from the first membership that is not over to the end of the last', () => {
    const spans = [
      { from: 12, through: 15 },
      { from: 0, through: 4 },
      { from: 6, through: 8 },
    ];
    expect(stretchAfter(spans, 2)).toEqual({ from: 2, through: 15 });
    expect(stretchAfter(spans, 4)).toEqual({ from: 6, through: 15 });
    expect(stretchAfter(spans, 8)).toEqual({ from: 12, through: 15 });
    expect(stretchAfter([...spans, { from: 20, through: null }], 8)).toEqual({ from: 12, through: null });
  });

  it('is none behind the last membership, and for who never was there', () => {
    expect(stretchAfter([{ from: 0, through: 4 }], 4)).toBeUndefined();
    expect(stretchAfter([], 0)).toBeUndefined();
  });
});
