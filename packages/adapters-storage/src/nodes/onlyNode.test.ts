import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { limits, mintedAt } from '@recalld/domain';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

/** The folder as a crash at this moment would leave it. */
function crashed(dir: string): string {
  const copy = path.join(dir, 'crashed');
  mkdirSync(copy);
  for (const name of ['recalld.sqlite', 'recalld.sqlite-wal'])
    copyFileSync(path.join(dir, name), path.join(copy, name));
  return copy;
}

describe('ids', () => {
  it('given a crash and a clock that steps back, then ids still grow, and stay within the allowed skew', async () => {
    const clock = createFixedClock(sampleInstant);
    const before = await openSqliteStorage({ dataDir: folder.dir, clock });
    let last = 0n;
    for (let second = 0; second < 30; second += 1) {
      last = BigInt(before.ids.next());
      clock.advance(700);
    }
    const dir = crashed(folder.dir);

    const after = await openSqliteStorage({ dataDir: dir, clock });
    const next = after.ids.next();
    expect(BigInt(next)).toBeGreaterThan(last);
    expect(mintedAt(next) - clock.now()).toBeLessThanOrEqual(limits.clockSkewMsMax);
    clock.advance(-3_600_000);
    expect(BigInt(after.ids.next())).toBeGreaterThan(BigInt(next));

    await after.close();
    await before.close();
  });

  it('given an orderly stop, then the next start goes on in the very next second', async () => {
    const clock = createFixedClock(sampleInstant);
    const before = await openSqliteStorage({ dataDir: folder.dir, clock });
    const last = before.ids.next();
    await before.close();

    const after = await openSqliteStorage({ dataDir: folder.dir, clock });
    expect(mintedAt(after.ids.next())).toBe(mintedAt(last) + 1000);
    await after.close();
  });

  it('given more ids in a second than its counter has, then the next second is begun', async () => {
    const clock = createFixedClock(sampleInstant);
    const { ids, close } = await openSqliteStorage({ dataDir: folder.dir, clock });
    for (let n = 1; n < 2 ** 22; n += 1) ids.next();
    const last = ids.next();
    const next = ids.next();
    expect(mintedAt(last)).toBe(sampleInstant);
    expect(mintedAt(next)).toBe(sampleInstant + 1000);
    expect(BigInt(next)).toBeGreaterThan(BigInt(last));
    await close();
  });

  it('are minted no more once the storage is closed', async () => {
    const { ids, close } = await openSqliteStorage({
      dataDir: folder.dir,
      clock: createFixedClock(sampleInstant),
    });
    await close();
    expect(() => ids.next()).toThrow('minted no more');
  });
});
