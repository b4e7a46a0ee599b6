import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { Kysely, SqliteDialect, sql } from 'kysely';
import type { Position } from '@recalld/domain';
import type { Schema } from '../schema.js';
import { rowByRow } from '../statements.js';
import type { EachStatement } from '../statements.js';
import { drive, each } from '../steps.js';
import type { Answer, Query, Request } from '../steps.js';
import { answersOf, busyTimeoutMs, openReading } from './connection.js';
import type { Positions, Reads, Words } from './database.js';

/** A file's only writing connection, synchronous: what everything else on SQLite is made of. */
export interface SqliteEngine extends Reads {
  /** Runs a request on the writing connection; answers its rows, and how many it changed. */
  answer(request: Request): Answer;
  /** The same, with the rows typed. */
  run<R>(query: Query<R>): R[];
  /** All of `work` or nothing of it; on disk when this returns. `work` must not await. */
  transaction<T>(work: () => T): T;
  /** The same, but on disk only with the next one: a power cut may take it back, a crash may not. */
  relaxedTransaction<T>(work: () => T): T;
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
  const within = transactionsOf(writing);
  return {
    ...sqliteReads(db, answer, (work) => within('BEGIN', work)),
    answer,
    run: <R>(query: Query<R>) => answer(query).rows as R[],
    transaction: (work) => within('BEGIN IMMEDIATE', work),
    relaxedTransaction(work) {
      writing.pragma('synchronous = NORMAL');
      try {
        return within('BEGIN IMMEDIATE', work);
      } finally {
        writing.pragma('synchronous = FULL');
      }
    },
    savepoint(work) {
      writing.exec('SAVEPOINT part');
      try {
        return work();
      } catch (fault) {
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

type Transaction = <T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T) => T;

function transactionsOf(database: Database.Database): Transaction {
  const begins = {
    BEGIN: database.prepare('BEGIN'),
    'BEGIN IMMEDIATE': database.prepare('BEGIN IMMEDIATE'),
  };
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  return (begin, work) => {
    begins[begin].run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (fault) {
      // Some faults, a full disk among them, have rolled back already.
      if (database.inTransaction) rollback.run();
      throw fault;
    }
  };
}

const nobodyWaits: EachStatement<object, unknown> = { sql: 'select 1', slots: [], asTuples: false };

/** One connection writes at a time: nobody else's rows need a lock. */
const words: Words = {
  greatest: (a, b) => sql`max(${a}, ${b})`,
  forUpdate: sql``,
  forNoKeyUpdate: sql``,
  forUpdateSkipLocked: sql``,
  forKeyShare: sql``,
  takeTurns: () => each(nobodyWaits, []),
  now: (clock) => sql`${clock.now()}`,
};

/** What reading is on a connection: all of it one synchronous stretch. */
export function sqliteReads(
  db: Kysely<Schema>,
  answer: (request: Request) => Answer,
  snapshot: <T>(work: () => T) => T,
): Reads {
  return {
    db,
    statements: rowByRow(db),
    words,
    read: async (work) => snapshot(() => drive(work(), answer)),
    // Commits come one after the other: what can be read is complete.
    logHorizon: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
    lastTaken: { sql: lastPosition, parameters: [] },
  };
}

/** A restored copy goes on behind its floor: the positions up to there were given out before. */
const lastPosition = `
  select max(coalesce((select max(position) from events), 0), (select position from log_floor)) as position`;

/** The positions behind the last event. */
export const nextPositions: Positions = {
  take: () => ({ sql: lastPosition, parameters: [] }),
  taken([last], count) {
    const after: Position = last?.position ?? 0;
    return Array.from({ length: count }, (_, n) => after + n + 1);
  },
};

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
