import { describe, expect, it } from 'vitest';
import { TokenBucket, UserRates } from './rates.js';

const rate = { atOnce: 3, perSecond: 2 };

/** How many there are at an instant. */
function allOf(bucket: TokenBucket, now: number): number {
  let taken = 0;
  while (bucket.take(now)) taken += 1;
  return taken;
}

describe('a rate', () => {
  it('lets so many through at once, then so many a second, and never more at once', () => {
    const bucket = new TokenBucket(rate, 0);

    expect([0, 499, 500, 1_500, 100_000].map((now) => allOf(bucket, now))).toEqual([3, 0, 1, 2, 3]);
  });

  it('makes the next ones wait for one that counts for more', () => {
    const bucket = new TokenBucket(rate, 0);

    expect(bucket.take(0, 10)).toBe(true);

    expect([3_999, 4_000].map((now) => bucket.take(now))).toEqual([false, true]);
  });

  it('gives nothing for a clock that goes back', () => {
    const bucket = new TokenBucket(rate, 10_000);
    allOf(bucket, 10_000);

    expect([allOf(bucket, 0), allOf(bucket, 500)]).toEqual([0, 1]);
  });
});

describe('rates of users', () => {
  it('are each user’s own, in each app', () => {
    const rates = new UserRates({ atOnce: 1, perSecond: 1 });
    const users = [
      { app: 1, user: 'ann' },
      { app: 1, user: 'bob' },
      { app: 2, user: 'ann' },
      { app: 1, user: 'ann' },
    ];

    expect(users.map((user) => rates.take(user, 0))).toEqual([true, true, true, false]);
  });

  it('are forgotten when nothing of them is used any more', () => {
    const rates = new UserRates(rate);
    for (let n = 0; n < 100; n += 1) rates.take({ app: 1, user: `user ${n}` }, n);
    expect(rates.size).toBe(100);

    rates.take({ app: 1, user: 'ann' }, 549);

    expect(rates.size).toBe(51);
  });
});
