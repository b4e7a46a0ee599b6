import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { Clock, Instant, Log, Position } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import { ownerLockName } from '../engines/ownerLock.js';
import { openSqlite } from '../engines/sqlite.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { sqliteDatabase } from '../engines/sqliteDatabase.js';
import { migrate } from '../migrations/migrate.js';
import { sqliteSchemaTarget } from '../migrations/target.js';
import { databaseFileName, lockFolders } from '../sqliteStorage.js';
import { endDeliveries, raiseSeconds, raiseTimelines } from './carryOn.js';
import { copyDurably, copyIfThere, sync } from './durableFiles.js';
import { lastEventOf } from './logEnd.js';
import type { LogEnd } from './logEnd.js';
import { backupFiles, checkDatabase, readManifest } from './manifest.js';
import type { Predecessor } from './predecessor.js';
import { decide, draftFolder, settle } from './swap.js';
import type { StorePlaces } from './swap.js';

/** A copy of a store, on its way to being the store. */
export interface RestoredCopy {
  /** Where its log ended when it was made; undefined when it had no event. */
  readonly end: LogEnd | undefined;
  /** When it was made, as far as it is known. */
  readonly madeAt: Instant;
  /** Whether this is the first time that this copy goes on. */
  readonly first: boolean;
  /**
   * Makes it go on behind what was given out since: positions after `position`, and after what a
   * predecessor has. Answers how many of its open deliveries were over there.
   */
  carryOn(after: {
    readonly position: Position;
    readonly predecessor: Predecessor | undefined;
  }): Promise<number>;
}

export interface RestoreOptions extends StorePlaces {
  /** The backup. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A backup that is being put in the place of a data folder's store, which is still the old one. */
export interface StoreRestore extends RestoredCopy {
  /** Where the copy is, as a data folder, for the time of the restore. */
  readonly draft: StorePlaces;
  /** Puts it in place; the copy must be closed. Keeps the replaced store's files in a folder of the data folder, or removes them. */
  commit(keepIn: string | null): Promise<void>;
  /** Gives everything back; without a commit the store is the old one. */
  close(): Promise<void>;
}

/**
 * Copies a backup beside the store of a data folder that nobody uses, and brings its schema forward.
 * @throws DataDirInUse, BackupRefused
 */
export async function restoreStore(options: RestoreOptions): Promise<StoreRestore> {
  const { dataDir, databasePath, folder, clock, log } = options;
  const manifest = await readManifest(folder);
  const unlock = lockFolders(dataDir, path.dirname(databasePath));
  const draft = path.join(dataDir, draftFolder);
  const file = path.join(draft, databaseFileName);
  async function close(): Promise<void> {
    await rm(draft, { recursive: true, force: true });
    unlock();
  }
  try {
    await settle(options);
    await copyBackup(folder, draft);
    await checkDatabase(file, manifest);
    const end = await onCopy(file, async (engine, database) => {
      await migrate(sqliteSchemaTarget(engine), clock, log);
      return lastEventOf(database);
    });
    return {
      end,
      madeAt: manifest.created_at,
      first: true,
      draft: { dataDir: draft, databasePath: file },
      carryOn: ({ position, predecessor }) =>
        onCopy(file, async (_, database) => {
          const { db } = database;
          await database.write(function* () {
            yield db.updateTable('log_floor').set({ position });
          });
          const carry = { database, predecessor, base: end?.position ?? 0, now: clock.now() };
          await raiseSeconds(carry);
          await raiseTimelines(carry);
          return endDeliveries(carry);
        }),
      async commit(keepIn) {
        await cleanDraft(draft);
        await decide(options, { keepIn });
        await settle(options);
      },
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function copyBackup(folder: string, draft: string): Promise<void> {
  const attachments = path.join(draft, backupFiles.attachments);
  await mkdir(attachments, { recursive: true, mode: 0o700 });
  await copyDurably(path.join(folder, databaseFileName), path.join(draft, databaseFileName));
  await copyIfThere(path.join(folder, backupFiles.key), path.join(draft, backupFiles.key));
  for (const name of await readdir(path.join(folder, backupFiles.attachments))) {
    await copyDurably(path.join(folder, backupFiles.attachments, name), path.join(attachments, name));
  }
  await chmod(path.join(draft, databaseFileName), 0o600);
  await sync(attachments);
}

/** What only an open store has. */
async function cleanDraft(draft: string): Promise<void> {
  if (existsSync(path.join(draft, `${databaseFileName}-wal`)))
    throw new Error('the restored copy is still open');
  for (const name of await readdir(draft)) {
    if (name.startsWith(ownerLockName)) await rm(path.join(draft, name));
  }
}

/** Work on the copy's database, which nobody else has open. */
async function onCopy<T>(
  file: string,
  work: (engine: SqliteEngine, database: Database) => Promise<T>,
): Promise<T> {
  const engine = openSqlite(file);
  try {
    const database = sqliteDatabase({ engine, nextTurn: () => nextImmediate(), onCommit: () => undefined });
    return await work(engine, database);
  } finally {
    engine.truncateWal();
    await engine.close();
  }
}
