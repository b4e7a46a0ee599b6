import path from 'node:path';
import type { Log } from '@recalld/domain';
import { backupFiles } from './backup/manifest.js';
import { filesCensus } from './checking/bytesCensus.js';
import { createVerify } from './checking/verify.js';
import type { Verify } from './checking/verify.js';
import { openSqliteReading } from './engines/sqliteReading.js';
import { expectSchema } from './migrations/migrate.js';
import { sqliteSchemaReads } from './migrations/target.js';
import { createReadPorts, openBooks } from './readPorts.js';
import type { ReadPorts } from './readPorts.js';
import { databaseFileName } from './sqliteStorage.js';

export interface SqliteReadingOptions {
  readonly dataDir: string;
  /** Left out: {@link databaseFileName} in the data folder. */
  readonly databasePath?: string;
  readonly log?: Log;
}

/** A storage that is only looked at. */
export type SqliteReading = ReadPorts & { readonly verify: Verify; close(): Promise<void> };

/**
 * Opens the embedded storage to look at it, whether a server is running on it or not: takes no lock,
 * brings no schema forward, and cannot write.
 * @throws SchemaTooNew, SchemaTooOld, or SQLite's own fault when there is no database
 */
export async function openSqliteForReading(options: SqliteReadingOptions): Promise<SqliteReading> {
  const { dataDir, databasePath, log } = options;
  const engine = openSqliteReading(databasePath ?? path.join(dataDir, databaseFileName));
  try {
    await expectSchema(sqliteSchemaReads(engine));
    const files = filesCensus(path.join(dataDir, backupFiles.attachments));
    return {
      ...createReadPorts(engine, openBooks(engine), log),
      verify: createVerify(engine, 'sqlite', files),
      close: () => engine.close(),
    };
  } catch (fault) {
    await engine.close();
    throw fault;
  }
}
