import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

describe('a pacer', () => {
  it('lets a few through at once, then one per interval', () => {
    const pacer = new Pacer(10);
    const waits = Array.from({ length: 10 }, () => pacer.spend(1_000));
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
  });

  it('lets a few through at once again after a rest, and no more than that after a long one', () => {
    const pacer = new Pacer(10);
    for (let n = 0; n < 10; n += 1) pacer.spend(0);
    expect(pacer.spend(60)).toBe(0);
    const afterLong = Array.from({ length: 9 }, () => pacer.spend(1_000_000));
    expect(afterLong).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10]);
  });

  it('never slows what comes at most once per interval', () => {
    const pacer = new Pacer(10);
    for (let n = 0; n < 1_000; n += 1) expect(pacer.spend(n * 10)).toBe(0);
  });
});
