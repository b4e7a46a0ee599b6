import { sql } from 'kysely';
import type { ColumnDefinitionBuilder, CreateTableBuilder, RawBuilder } from 'kysely';

export type EngineKind = 'sqlite' | 'postgres';

type DataType = Parameters<CreateTableBuilder<string>['addColumn']>[1];
type ColumnBuilder = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

/** The words of a schema that differ between the engines. */
export interface Ddl {
  readonly kind: EngineKind;
  /** Whole numbers up to 2^53. */
  readonly whole: DataType;
  /** Compared and ordered by its bytes. */
  readonly text: DataType;
  readonly bytes: DataType;
  readonly real: DataType;
  /** A primary key that is numbered by the database. */
  readonly identity: ColumnBuilder;
  /** The same, and the number of a row that is gone never comes again. */
  readonly lastingIdentity: ColumnBuilder;
  /** What stands behind the columns of a table. */
  readonly ends: {
    readonly plain: RawBuilder<unknown>;
    /** Rows stand in the order of their key, without a number of their own, where the engine can. */
    readonly clustered: RawBuilder<unknown>;
    /** Rows change in place again and again, in columns without an index. */
    readonly counters: RawBuilder<unknown>;
    /** Both: clustered, and rows change in place. */
    readonly clusteredCounters: RawBuilder<unknown>;
    /** Clustered, and rows change several times in columns that an index needs. */
    readonly queue: RawBuilder<unknown>;
  };
}

const strict = sql`strict`;
const strictAndClustered = sql`strict, without rowid`;
const nothing = sql``;

const sqlite: Ddl = {
  kind: 'sqlite',
  whole: 'integer',
  text: 'text',
  bytes: 'blob',
  real: 'real',
  identity: (column) => column.primaryKey(),
  lastingIdentity: (column) => column.primaryKey().autoIncrement(),
  ends: {
    plain: strict,
    clustered: strictAndClustered,
    counters: strict,
    clusteredCounters: strictAndClustered,
    queue: strictAndClustered,
  },
};

const postgresIdentity: ColumnBuilder = (column) => column.generatedByDefaultAsIdentity().primaryKey();

/** In each page, for the next version of a row: an update then touches no index. */
const roomForUpdates = sql`with (fillfactor = 70)`;

const postgres: Ddl = {
  kind: 'postgres',
  whole: 'bigint',
  text: sql`text collate "C"`,
  bytes: 'bytea',
  real: 'double precision',
  identity: postgresIdentity,
  lastingIdentity: postgresIdentity,
  ends: {
    plain: nothing,
    clustered: nothing,
    counters: roomForUpdates,
    clusteredCounters: roomForUpdates,
    // What is finished stays: a fifth of the table, the usual share, would be many dead rows.
    queue: sql`with (autovacuum_vacuum_scale_factor = 0.02)`,
  },
};

export const ddls: Readonly<Record<EngineKind, Ddl>> = { sqlite, postgres };
