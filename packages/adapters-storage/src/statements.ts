import { sql } from 'kysely';
import type { Compilable, DeleteQueryBuilder, DeleteResult, Insertable, Kysely } from 'kysely';
import type { OperationNodeSource, RawBuilder, UpdateQueryBuilder, UpdateResult } from 'kysely';
import type { Schema } from './schema.js';

/** SQL text with its parameters. `R` is the shape of the rows that it answers. */
export interface SqlQuery<R = unknown> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly rowShape?: R;
}

/** A query that Kysely compiled once, to be run often with other parameters. */
export interface Template<P, R> {
  readonly sql: string;
  /** In the order of the SQL text: names of parameters, or values that are part of the query. */
  readonly slots: readonly (Slot<P> | Constant)[];
  readonly rowShape?: R;
}

/**
 * A template that runs for each of many rows of parameters: on SQLite once for each row, on PostgreSQL
 * once for all, each slot taking the list of its values.
 */
export interface EachStatement<P, R> extends Template<P, R> {
  /** Rows are answered as lists, in the order of the selected columns: objects of rows are slow to read. */
  readonly asTuples: boolean;
}

/** The place of a named parameter. */
export class Slot<P> {
  constructor(readonly name: keyof P) {}
}

interface Constant {
  readonly value: unknown;
}

/** What a template's query takes for a parameter while it is built: its slot, typed as its value. */
function slots<P extends object>(): P {
  const proxy: object = new Proxy({}, { get: (_, name) => new Slot<P>(name as keyof P) });
  return proxy as P;
}

/**
 * Compiles a query once. Kysely writes SQL in about 10 µs: too slow for what runs once per message.
 * `build` must use every parameter as a plain value.
 */
export function template<P extends object>() {
  return <R>(build: (parameters: P) => Compilable<R>): Template<P, R> => slotted(build(slots<P>()).compile());
}

function slotted<P, R>({ sql: text, parameters }: SqlQuery): Template<P, R> {
  const bound = parameters.map((parameter) =>
    parameter instanceof Slot ? (parameter as Slot<P>) : { value: parameter },
  );
  return { sql: text, slots: bound };
}

/** The parameters of a template in the order of its SQL text. */
export function bind<P, R>(statement: Template<P, R>, parameters: P): unknown[] {
  return statement.slots.map((slot) => (slot instanceof Slot ? parameters[slot.name] : slot.value));
}

/** The same for many rows: the list of a parameter's values takes its place. */
export function bindLists<P, R>(statement: Template<P, R>, parameters: readonly P[]): unknown[] {
  return statement.slots.map((slot) =>
    slot instanceof Slot ? parameters.map((row) => row[slot.name]) : slot.value,
  );
}

/** A template with its parameters, as one query. */
export function fill<P, R>(statement: Template<P, R>, parameters: P): SqlQuery<R> {
  return { sql: statement.sql, parameters: bind(statement, parameters) };
}

/** What a parameter's values are. */
export type Kind = 'whole' | 'real' | 'text' | 'bytes';
export type Kinds<P> = { readonly [K in keyof P]-?: Kind };

type Update<T extends keyof Schema> = UpdateQueryBuilder<Schema, T, T, UpdateResult>;
type Delete<T extends keyof Schema> = DeleteQueryBuilder<Schema, T, DeleteResult>;

/** A builder as far as joining it to rows goes: its types do not follow a table that is a parameter. */
type Joined<M extends string> = Readonly<Record<M, (rows: RawBuilder<unknown>) => unknown>>;

/** Where a statement for many rows begins. */
export interface Start {
  update<T extends keyof Schema>(table: T): Update<T>;
  deleteFrom<T extends keyof Schema>(table: T): Delete<T>;
}

/** Compiles statements for many rows of parameters, each in its engine's way. */
export interface Statements {
  /** Inserts rows whose columns are the parameters; `tail` is what follows: conflicts, what is answered. */
  insert<T extends keyof Schema, C extends keyof Insertable<Schema[T]> & string, R = unknown>(
    table: T,
    kinds: Readonly<Record<C, Kind>>,
    tail?: RawBuilder<R>,
  ): EachStatement<Pick<Insertable<Schema[T]>, C>, R>;
  /** Answers the rows of one query for each row of parameters. */
  select<P extends object>(
    kinds: Kinds<P>,
    asTuples?: boolean,
  ): <R>(build: (row: P) => Compilable<R> & OperationNodeSource) => EachStatement<P, R>;
  /** Changes or deletes for each row of parameters. */
  change<P extends object>(
    kinds: Kinds<P>,
  ): <R>(build: (row: P, start: Start) => Compilable<R>) => EachStatement<P, R>;
}

/** One row after the other. */
export function rowByRow(db: Kysely<Schema>): Statements {
  const start: Start = {
    update: <T extends keyof Schema>(table: T) => db.updateTable(table) as unknown as Update<T>,
    deleteFrom: <T extends keyof Schema>(table: T) => db.deleteFrom(table),
  };
  return {
    insert(table, kinds, tail = sql``) {
      const row = slots<Record<string, unknown>>();
      const columns = Object.keys(kinds);
      const values = sql.join(columns.map((column) => row[column]));
      const insertion = sql`insert into ${sql.table(table)} (${list(columns)}) values (${values}) ${tail}`;
      return { ...slotted(insertion.compile(db)), asTuples: false };
    },
    select: <P extends object>(_: Kinds<P>, asTuples = false) => {
      return <R>(build: (row: P) => Compilable<R>) => ({ ...template<P>()(build), asTuples });
    },
    change: <P extends object>() => {
      return <R>(build: (row: P, from: Start) => Compilable<R>) => ({
        ...template<P>()((row) => build(row, start)),
        asTuples: false,
      });
    },
  };
}

const arrayTypes: Readonly<Record<Kind, string>> = {
  whole: 'bigint[]',
  real: 'double precision[]',
  text: 'text[]',
  bytes: 'bytea[]',
};

/** All rows at once, as the rows of an `unnest`; a parameter is a column of it. */
export function allRowsAtOnce(db: Kysely<Schema>): Statements {
  function given<P extends object>(kinds: Kinds<P>) {
    const names = Object.keys(kinds) as (keyof P & string)[];
    const row = slots<P>();
    const lists = names.map((name) => sql`${row[name]}::${sql.raw(arrayTypes[kinds[name]])}`);
    // No column of a table has such a name: references stay clear.
    const named = names.map((name) => sql.ref(`p_${name}`));
    const columns = Object.fromEntries(names.map((name) => [name, sql.ref(`given.p_${name}`)])) as object;
    return {
      names,
      // Without a parameter there is one row to ask for: an `unnest` of nothing is no table.
      rows:
        names.length === 0
          ? sql`(select) as given`
          : sql`unnest(${sql.join(lists)}) as given(${sql.join(named)})`,
      columns: columns as P,
    };
  }

  return {
    insert(table, kinds, tail = sql``) {
      const { names, rows, columns } = given<Record<string, unknown>>(kinds);
      const values = sql.join(names.map((name) => columns[name]));
      const insertion = sql`insert into ${sql.table(table)} (${list(names)}) select ${values} from ${rows} ${tail}`;
      return { ...slotted(insertion.compile(db)), asTuples: false };
    },
    select: <P extends object>(kinds: Kinds<P>, asTuples = false) => {
      return <R>(build: (row: P) => Compilable<R> & OperationNodeSource) => {
        const { rows, columns } = given(kinds);
        const selection = sql`select found.* from ${rows} cross join lateral ${build(columns)} as found`;
        return { ...slotted<P, R>(selection.compile(db)), asTuples };
      };
    },
    change: <P extends object>(kinds: Kinds<P>) => {
      return <R>(build: (row: P, from: Start) => Compilable<R>) => {
        const { rows, columns } = given(kinds);
        const start: Start = {
          update: <T extends keyof Schema>(table: T) =>
            (db.updateTable(table) as unknown as Joined<'from'>).from(rows) as Update<T>,
          deleteFrom: <T extends keyof Schema>(table: T) =>
            (db.deleteFrom(table) as unknown as Joined<'using'>).using(rows) as Delete<T>,
        };
        return { ...slotted<P, R>(build(columns, start).compile()), asTuples: false };
      };
    },
  };
}

function list(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(column)));
}
