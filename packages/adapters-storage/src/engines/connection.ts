import Database from 'better-sqlite3';
import type { Compilable } from 'kysely';
import { bind } from '../statements.js';
import type { EachStatement, SqlQuery } from '../statements.js';
import { isEach } from '../steps.js';
import type { Answer, Request } from '../steps.js';

/** Compiled statements of the queries that are not templates; lists of varying length make many texts. */
const statementsMax = 300;
export const busyTimeoutMs = 2_000;

/** Runs requests on one connection, each text compiled once. */
export function answersOf(database: Database.Database): (request: Request) => Answer {
  const texts = new Map<string, Database.Statement<unknown[]>>();
  const repeated = new Map<EachStatement<never, unknown>, Database.Statement<unknown[]>>();

  function statementOf(sql: string): Database.Statement<unknown[]> {
    const known = texts.get(sql);
    if (known !== undefined) return known;
    if (texts.size >= statementsMax) texts.clear();
    const statement = database.prepare<unknown[]>(sql);
    texts.set(sql, statement);
    return statement;
  }

  function repeatedOf(each: EachStatement<never, unknown>): Database.Statement<unknown[]> {
    const known = repeated.get(each);
    if (known !== undefined) return known;
    const statement = database.prepare<unknown[]>(each.sql);
    if (each.asTuples) statement.raw();
    repeated.set(each, statement);
    return statement;
  }

  function forEach(each: EachStatement<never, unknown>, parameters: readonly object[]): Answer {
    const statement = repeatedOf(each);
    const rows: unknown[] = [];
    let changes = 0;
    for (const row of parameters) {
      const values = bind(each, row as never);
      if (!statement.reader) changes += statement.run(values).changes;
      else for (const found of statement.all(values)) rows.push(found);
    }
    return { rows, changes };
  }

  return (request) => {
    if (isEach(request)) return forEach(request.statement, request.parameters);
    const { sql, parameters } = textOf(request);
    const statement = statementOf(sql);
    if (statement.reader) return { rows: statement.all(parameters), changes: 0 };
    return { rows: [], changes: statement.run(parameters).changes };
  };
}

function textOf(query: SqlQuery | Compilable): SqlQuery {
  return 'compile' in query ? query.compile() : query;
}

/** Opens a connection that cannot write. @throws when the file is not there. */
export function openReading(file: string): Database.Database {
  const database = new Database(file, { timeout: busyTimeoutMs, fileMustExist: true });
  database.pragma('query_only = ON');
  database.pragma('temp_store = MEMORY');
  return database;
}
