import { Contended, Unavailable } from '@recalld/domain';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DatabaseFault, isRace } from './postgresFaults.js';
import { createPatience } from './postgresPatience.js';

let now: number;

beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function faultOfCode(code: string): DatabaseFault {
  return new DatabaseFault(Object.assign(new pg.DatabaseError('away with it', 0, 'error'), { code }));
}

/** A write each of whose attempts takes this long and then loses. */
function losing(code: string, ms: number) {
  const begun: string[] = [];
  const work = (limits: string): Promise<never> => {
    begun.push(limits);
    now += ms;
    return Promise.reject(faultOfCode(code));
  };
  return { begun, work };
}

describe('the patience of a write', () => {
  it('given a lock that stays, then it is waited for again for the rest of eight seconds, and no more', async () => {
    const { begun, work } = losing('55P03', 5_000);

    await expect(createPatience()(work, isRace)).rejects.toThrow(Unavailable);

    expect(begun).toEqual(['', '; set local lock_timeout = 3000']);
  });

  it('given races that take long, then it is over after eight seconds', async () => {
    const { begun, work } = losing('40001', 1_000);

    await expect(createPatience()(work, isRace)).rejects.toThrow(Contended);

    expect(begun).toHaveLength(8);
  });

  it('given others that have lost before, then the time that they took counts', async () => {
    const patiently = createPatience();
    const first = losing('55P03', 5_000);
    const second = losing('40001', 0);

    const both = [patiently(first.work, isRace), patiently(second.work, isRace)];

    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(second.begun.length).toBeGreaterThan(1);
    expect(second.begun.at(-1)).toMatch(/lock_timeout = [1-5]000$/);
  });

  it('given a fault that is no race, then it is answered at once', async () => {
    const { begun, work } = losing('23505', 1);

    await expect(createPatience()(work, isRace)).rejects.toThrow(DatabaseFault);

    expect(begun).toHaveLength(1);
  });
});
