import { Kysely, SqliteDialect } from 'kysely';
import type { Schema } from '../schema.js';
import { answersOf, openReading, prepared } from './connection.js';
import type { SqliteReads } from './connection.js';

/** A database file that somebody else may be writing. */
export interface SqliteReadingEngine extends SqliteReads {
  close(): Promise<void>;
}

/** Opens one connection that cannot write, on a file that need not be owned. @throws when it is not there. */
export function openSqliteReading(file: string): SqliteReadingEngine {
  const database = openReading(file);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
  const answer = answersOf(database);
  const dataVersion = database.prepare<unknown[], number>('PRAGMA data_version').pluck();
  return {
    db,
    prepare: (template) => prepared(database, template),
    run: <R>(query: Parameters<SqliteReads['run']>[0]) => answer(query).rows as R[],
    epoch: () => dataVersion.get() ?? 0,
    async close() {
      await db.destroy();
      database.close();
    },
  };
}
