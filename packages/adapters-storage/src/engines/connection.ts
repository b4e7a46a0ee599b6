import Database from 'better-sqlite3';
import type { Compilable, Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { bind } from '../statements.js';
import type { SqlQuery, Template } from '../statements.js';

/** A template on one connection. */
export interface Statement<P, R> {
  /** Answers how many rows changed, and the row id of the last one inserted. */
  run(parameters: P): { readonly changes: number; readonly rowId: number };
  get(parameters: P): R | undefined;
  all(parameters: P): R[];
  /** The rows as lists, in the order of the selected columns: objects of rows are slow to read. */
  tuples(parameters: P): unknown[][];
}

/** What one query came to. */
export interface Answer {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

/** What everything that only reads needs: a server's own connection, or one beside a running server. */
export interface SqliteReads {
  /** Builds every query, and runs single reads on a connection that cannot write. */
  readonly db: Kysely<Schema>;
  prepare<P, R>(template: Template<P, R>): Statement<P, R>;
  /** Runs a query; one that answers no rows answers an empty list. */
  run<R>(query: SqlQuery<R> | Compilable<R>): R[];
  /** Another number once what is remembered of rows may be wrong: somebody else wrote, or a write was taken back. */
  epoch(): number;
}

/** Answers what to call before remembered rows are used: forgets them when they may be wrong. */
export function forgetting(reads: SqliteReads, forget: () => void): () => void {
  let seen = reads.epoch();
  return () => {
    const now = reads.epoch();
    if (now === seen) return;
    seen = now;
    forget();
  };
}

/** Compiled statements of the queries that are not templates; lists of varying length make many texts. */
const statementsMax = 300;
export const busyTimeoutMs = 2_000;

/** Runs queries on a connection, each text compiled once. */
export function answersOf(database: Database.Database): (query: SqlQuery | Compilable) => Answer {
  const statements = new Map<string, Database.Statement<unknown[]>>();

  function statementOf(sql: string): Database.Statement<unknown[]> {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= statementsMax) statements.clear();
    const statement = database.prepare<unknown[]>(sql);
    statements.set(sql, statement);
    return statement;
  }

  return (query) => {
    const { sql, parameters } = 'compile' in query ? query.compile() : query;
    const statement = statementOf(sql);
    if (statement.reader) return { rows: statement.all(parameters), changes: 0 };
    return { rows: [], changes: statement.run(parameters).changes };
  };
}

export function prepared<P, R>(database: Database.Database, template: Template<P, R>): Statement<P, R> {
  const statement = database.prepare<unknown[], R>(template.sql);
  const raw = statement.reader ? database.prepare<unknown[], unknown[]>(template.sql).raw() : undefined;
  return {
    run(parameters) {
      const { changes, lastInsertRowid } = statement.run(bind(template, parameters));
      return { changes, rowId: Number(lastInsertRowid) };
    },
    get: (parameters) => statement.get(bind(template, parameters)),
    all: (parameters) => statement.all(bind(template, parameters)),
    tuples: (parameters) => raw?.all(bind(template, parameters)) ?? [],
  };
}

/** Opens a connection that cannot write. @throws when the file is not there. */
export function openReading(file: string): Database.Database {
  const database = new Database(file, { timeout: busyTimeoutMs, fileMustExist: true });
  database.pragma('query_only = ON');
  database.pragma('temp_store = MEMORY');
  return database;
}
