import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';

it('given a killed process’s lease, then the next process on its files has the work at once', async () => {
  const { dir: dataDir, remove } = temporaryFolder();
  const clock = createFixedClock(sampleInstant);
  const killed = await openSqliteStorage({ dataDir, clock });
  expect(await killed.leases.take('chores', 'killed', 60_000)).toBe(true);
  await killed.close();

  const next = await openSqliteStorage({ dataDir, clock });

  expect(await next.leases.take('chores', 'next', 60_000)).toBe(true);
  await next.close();
  remove();
});

describe.skipIf(!postgresAvailable)('on PostgreSQL', () => {
  const hourMs = 3_600_000;

  it.each([hourMs, -hourMs])(
    'given a node whose clock steps by %i ms, then it takes no lease away, and none of its own lasts longer or shorter',
    async (step) => {
      const clock = createFixedClock(sampleInstant);
      const { storage, url, remove } = await openTestStorage();
      const stepping = await openNode(url, { systemClock: clock });
      expect(await storage.leases.take('chores', 'a', 60_000)).toBe(true);
      clock.advance(step);

      expect(await stepping.leases.take('chores', 'b', 60_000)).toBe(false);

      // It holds one for a moment, by the clock that both share.
      expect(await stepping.leases.take('feed', 'b', 60_000)).toBe(true);
      expect(await storage.leases.take('feed', 'a', 60_000)).toBe(false);
      expect(await stepping.leases.take('feed', 'b', 1)).toBe(true);
      await expect.poll(() => storage.leases.take('feed', 'a', 60_000)).toBe(true);
      await stepping.close();
      await remove();
    },
  );
});
