import { openSqliteStorage } from '@recalld/adapters-storage';
import type { IdSource, StoragePorts } from '@recalld/domain';
import { createMemoryStorage, createSequentialIds } from '@recalld/domain/testing';
import { createHelpDesk } from './embed.js';

interface Environment {
  readonly store: StoragePorts;
  readonly ids: IdSource;
}

/** The same service on whatever this environment has: memory in a test, SQLite on a disk. */
export async function helpDeskFor(dataDir: string | undefined) {
  const { store, ids } = dataDir === undefined ? inMemory() : await onDisk(dataDir);
  return createHelpDesk(store, ids);
}

function inMemory(): Environment {
  return { store: createMemoryStorage(), ids: createSequentialIds() };
}

async function onDisk(dataDir: string): Promise<Environment> {
  const storage = await openSqliteStorage({ dataDir, clock: { now: () => Date.now() } });
  return { store: storage, ids: storage.ids };
}
