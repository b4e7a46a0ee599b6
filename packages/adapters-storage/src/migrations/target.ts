import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Query } from '../steps.js';
import type { EngineKind } from './ddl.js';

/** A database whose schema is looked at. */
export interface SchemaReads {
  readonly kind: EngineKind;
  /** Builds queries; runs none here. */
  readonly db: Kysely<Schema>;
  run<R>(query: Query<R>): Promise<readonly R[]>;
}

/** A database whose schema is changed. Nobody else changes it meanwhile. */
export interface SchemaTarget extends SchemaReads {
  /** All of the queries, in order, or none of them. */
  transaction(queries: readonly Query[]): Promise<void>;
}

/** A connection to a SQLite file. */
interface SqliteConnection {
  readonly db: Kysely<Schema>;
  run<R>(query: Query<R>): readonly R[];
}

/** The only one that writes. */
interface WritingSqliteConnection extends SqliteConnection {
  transaction(work: () => void): void;
}

export function sqliteSchemaReads(connection: SqliteConnection): SchemaReads {
  return { kind: 'sqlite', db: connection.db, run: async (query) => connection.run(query) };
}

export function sqliteSchemaTarget(connection: WritingSqliteConnection): SchemaTarget {
  return {
    ...sqliteSchemaReads(connection),
    async transaction(queries) {
      connection.transaction(() => {
        for (const query of queries) connection.run(query);
      });
    },
  };
}
