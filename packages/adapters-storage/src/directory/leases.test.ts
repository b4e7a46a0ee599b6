import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';

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
