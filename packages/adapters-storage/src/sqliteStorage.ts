import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { Clock, Log } from '@recalld/domain';
import { createPlainLabels } from './attachments/plainLabels.js';
import { createPlainBodies } from './bodies/plainBodies.js';
import { backupFiles } from './backup/manifest.js';
import { endLeases } from './callbacks/endLeases.js';
import { createCheckpointer } from './engines/checkpointer.js';
import { lockFolder } from './engines/ownerLock.js';
import { openSqlite } from './engines/sqlite.js';
import type { SqliteEngine } from './engines/sqlite.js';
import { sqliteDatabase } from './engines/sqliteDatabase.js';
import { migrate } from './migrations/migrate.js';
import { sqliteSchemaTarget } from './migrations/target.js';
import { createOnlyNode } from './nodes/onlyNode.js';
import { onlyThis } from './nodes/sessionNodes.js';
import type { Storage } from './storage.js';
import { expireNotices } from './upkeep/expireNotices.js';
import { unclaimedFiles } from './upkeep/unclaimedFiles.js';
import type { Upkeep } from './upkeep/upkeep.js';
import { createStoragePorts } from './storagePorts.js';

/** The database in a data folder. */
export const databaseFileName = 'recalld.sqlite';

export interface SqliteStorageOptions {
  /** The folder that this process owns; made when it is not there. */
  readonly dataDir: string;
  /** Left out: {@link databaseFileName} in the data folder. */
  readonly databasePath?: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** How long messages are kept, ms; null or left out: for ever. */
  readonly messageRetentionMs?: number | null;
  /** How long writes are gathered into one transaction; left out: one turn of the event loop. */
  readonly nextTurn?: () => Promise<void>;
}

export type SqliteStorage = Storage & {
  /** Work that is to be done now and then. */
  readonly upkeep: readonly Upkeep[];
};

/**
 * Opens the embedded storage: one process, one SQLite file, one connection that writes.
 * @throws DataDirInUse, SchemaTooNew
 */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<SqliteStorage> {
  const { dataDir, clock, log } = options;
  const file = options.databasePath ?? path.join(dataDir, databaseFileName);
  const unlock = lockFolders(dataDir, path.dirname(file));
  try {
    const engine = openSqlite(file);
    try {
      await migrate(sqliteSchemaTarget(engine), clock, log);
      endLeases(engine, clock.now());
      return assemble(engine, options, file, unlock);
    } catch (fault) {
      await engine.close();
      throw fault;
    }
  } catch (fault) {
    unlock();
    throw fault;
  }
}

/** Both when the database file stands elsewhere: somebody else's data folder may point at it too. */
export function lockFolders(...dirs: readonly string[]): () => void {
  const held: (() => void)[] = [];
  const unlock = () => {
    for (const release of held) release();
  };
  try {
    for (const dir of new Set(dirs.map((each) => path.resolve(each)))) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      held.push(lockFolder(dir));
    }
    return unlock;
  } catch (fault) {
    unlock();
    throw fault;
  }
}

function assemble(
  engine: SqliteEngine,
  { dataDir, clock, log, messageRetentionMs = null, nextTurn = () => nextImmediate() }: SqliteStorageOptions,
  file: string,
  unlock: () => void,
): SqliteStorage {
  const ids = createOnlyNode(engine, clock);
  const { descriptor, truncateWal } = engine;
  const checkpointer = createCheckpointer({ file, descriptor, truncateWal, log });
  const database = sqliteDatabase({
    engine,
    nextTurn,
    onCommit: (erased) => checkpointer.committed(erased),
  });
  const bodies = createPlainBodies(database);
  return {
    ...createStoragePorts({
      database,
      bodies,
      labels: createPlainLabels(database),
      nodes: onlyThis(randomUUID()),
      clock,
      log,
    }),
    ids,
    upkeep: [
      unclaimedFiles(path.join(dataDir, backupFiles.attachments), database, clock),
      ...(messageRetentionMs === null
        ? []
        : [expireNotices({ database, bodies, clock, messageRetentionMs })]),
    ],
    health: () => health(engine),
    erasuresDone: () => checkpointer.erasuresDone(),
    async close() {
      await checkpointer.close();
      ids.close();
      engine.truncateWal();
      await engine.close();
      unlock();
    },
  };
}

/** Both connections answer, and the writing one can write. */
async function health(engine: SqliteEngine): Promise<void> {
  await engine.db.selectFrom('nodes').select('node_no').execute();
  engine.transaction(() => engine.run(engine.db.selectFrom('migrations').select('version')));
}
