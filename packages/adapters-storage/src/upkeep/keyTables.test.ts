import { describe, expect, it } from 'vitest';
import { piecesFor } from './keyTables.js';

describe('the tables of a day of keys', () => {
  it.each([
    [0, 16],
    [1_600_000, 16],
    [1_600_001, 32],
    [10_000_000, 128],
    [1_000_000_000, 256],
  ])('given that the largest day had %i messages, then there are %i', (rows, pieces) => {
    expect(piecesFor(rows)).toBe(pieces);
  });
});
