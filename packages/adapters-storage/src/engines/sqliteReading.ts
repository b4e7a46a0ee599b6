import { Kysely, SqliteDialect } from 'kysely';
import type { Schema } from '../schema.js';
import type { Query } from '../steps.js';
import { answersOf, openReading } from './connection.js';
import type { Reads } from './database.js';
import { sqliteReads } from './sqlite.js';

/** A database file that somebody else may be writing. */
export interface SqliteReadingEngine extends Reads {
  run<R>(query: Query<R>): R[];
  close(): Promise<void>;
}

/** Opens one connection that cannot write, on a file that need not be owned. @throws when it is not there. */
export function openSqliteReading(file: string): SqliteReadingEngine {
  const database = openReading(file);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
  const answer = answersOf(database);
  return {
    ...sqliteReads(db, answer, (work) => database.transaction(work)()),
    run: <R>(query: Query<R>) => answer(query).rows as R[],
    async close() {
      await db.destroy();
      database.close();
    },
  };
}
