import { describe, expect, it } from 'vitest';
import { Throttle } from './throttle.js';

describe('a throttle', () => {
  it('lets a few through at once, then one per interval', () => {
    const throttle = new Throttle(10);
    const waits = Array.from({ length: 10 }, () => throttle.spend(1_000));
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
  });

  it('lets a few through at once again after a rest, and no more than that after a long one', () => {
    const throttle = new Throttle(10);
    for (let n = 0; n < 10; n += 1) throttle.spend(0);
    expect(throttle.spend(60)).toBe(0);
    const afterLong = Array.from({ length: 9 }, () => throttle.spend(1_000_000));
    expect(afterLong).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10]);
  });

  it('never slows what comes at most once per interval', () => {
    const throttle = new Throttle(10);
    for (let n = 0; n < 1_000; n += 1) expect(throttle.spend(n * 10)).toBe(0);
  });
});
