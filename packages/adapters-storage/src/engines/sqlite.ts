import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { Kysely, SqliteDialect } from 'kysely';
import type { Compilable } from 'kysely';
import type { Schema } from '../schema.js';
import type { SqlQuery } from '../statements.js';
import { answersOf, busyTimeoutMs, openReading, prepared } from './connection.js';
import type { Answer, SqliteReads } from './connection.js';

/**
 * Everything that is SQLite's own. All writes of the process go through one connection of it, and so
 * do the reads that are prepared or run.
 */
export interface SqliteEngine extends SqliteReads {
  /** Runs a query on the writing connection; answers its rows, and how many it changed. */
  answer(query: SqlQuery | Compilable): Answer;
  /** All of `work` or nothing of it; on disk when this returns. `work` must not await. */
  transaction<T>(work: () => T): T;
  /** The same, but on disk only with the next one: a power cut may take it back, a crash may not. */
  relaxedTransaction<T>(work: () => T): T;
  /** Reads on the writing connection, all of the same state; saves each read its own locks. */
  snapshot<T>(work: () => T): T;
  /** Inside a transaction: all of `work`, or nothing of it and what it threw. */
  savepoint<T>(work: () => T): T;
  /** Of the database file, to flush it by; open as long as the engine is. */
  readonly descriptor: number;
  /** Moves the whole WAL into the database file and empties it; false while somebody reads. */
  truncateWal(): boolean;
  close(): Promise<void>;
}

/** Opens the database file, which the caller must own. @throws when a pragma did not take. */
export function openSqlite(file: string): SqliteEngine {
  const writing = openWriting(file);
  const reading = openReading(file);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: reading }) });
  const descriptor = openSync(file, 'r');
  const answer = answersOf(writing);
  const begin = writing.prepare('BEGIN IMMEDIATE');
  const beginReading = writing.prepare('BEGIN');
  const commit = writing.prepare('COMMIT');
  const rollback = writing.prepare('ROLLBACK');
  let takenBack = 0;

  function within<T>(start: Database.Statement, work: () => T): T {
    start.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (fault) {
      takenBack += 1;
      // Some faults, a full disk among them, have rolled back already.
      if (writing.inTransaction) rollback.run();
      throw fault;
    }
  }

  return {
    db,
    prepare: (template) => prepared(writing, template),
    run: <R>(query: SqlQuery<R> | Compilable<R>) => answer(query).rows as R[],
    answer,
    // The owner's lock keeps everybody else from writing.
    epoch: () => takenBack,
    transaction: (work) => within(begin, work),
    relaxedTransaction(work) {
      writing.pragma('synchronous = NORMAL');
      try {
        return within(begin, work);
      } finally {
        writing.pragma('synchronous = FULL');
      }
    },
    snapshot: (work) => within(beginReading, work),
    savepoint(work) {
      writing.exec('SAVEPOINT part');
      try {
        return work();
      } catch (fault) {
        takenBack += 1;
        writing.exec('ROLLBACK TO part');
        throw fault;
      } finally {
        writing.exec('RELEASE part');
      }
    },
    descriptor,
    truncateWal: () => truncateWal(writing),
    async close() {
      await db.destroy();
      reading.close();
      writing.close();
      // Not before: closing any descriptor of a file drops the locks that the process has on it.
      closeSync(descriptor);
    },
  };
}

/** What must hold for an answer to be durable and an erasure to be real. */
const writingPragmas = [
  ['journal_mode', 'wal'],
  // better-sqlite3 is built to fall back to NORMAL as soon as a WAL is there.
  ['synchronous', 2],
  ['secure_delete', 1],
  ['temp_store', 2],
  // Checkpoints have their own place: inside a commit they would stop everybody.
  ['wal_autocheckpoint', 0],
  ['cache_size', -65_536],
] as const;

function openWriting(file: string): Database.Database {
  const database = new Database(file, { timeout: busyTimeoutMs });
  try {
    // Before the first table is made: pages that are moved leave copies of what they held.
    database.pragma('auto_vacuum = 0');
    for (const [name, value] of writingPragmas) database.pragma(`${name} = ${value}`);
    for (const [name, value] of writingPragmas) {
      const actual: unknown = database.pragma(name, { simple: true });
      if (actual !== value) throw new Error(`SQLite keeps ${name} at ${String(actual)}, it must be ${value}`);
    }
    truncateWal(database);
    return database;
  } catch (fault) {
    database.close();
    throw fault;
  }
}

/** Content that a crash left in the WAL goes the same way at opening. */
function truncateWal(database: Database.Database): boolean {
  database.pragma('busy_timeout = 0');
  try {
    const [outcome] = database.pragma('wal_checkpoint(TRUNCATE)') as { readonly busy: number }[];
    return outcome?.busy === 0;
  } finally {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
  }
}

/** Whether a fault says that a row with the same key is in the table already. */
export function isUniqueViolation(fault: unknown, table: keyof Schema): boolean {
  return (
    fault instanceof Database.SqliteError &&
    fault.code === 'SQLITE_CONSTRAINT_UNIQUE' &&
    fault.message.includes(`${table}.`)
  );
}
