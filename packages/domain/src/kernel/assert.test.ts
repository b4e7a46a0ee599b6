import { describe, expect, it } from 'vitest';
import { assert, never } from './assert.js';

describe('an invariant', () => {
  it('that holds is silent, and one that is broken throws and says which', () => {
    expect(() => assert(true, 'one is one')).not.toThrow();
    expect(() => assert(false, 'expected 1, got 2')).toThrow('invariant broken: expected 1, got 2');
    expect(() => never('moon' as never)).toThrow('invariant broken: unexpected value "moon"');
  });
});
