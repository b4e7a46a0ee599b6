import path from 'node:path';
import { openSqlite } from '../engines/sqlite.js';
import { onPostgresSchema } from '../migrations/postgresTarget.js';
import { sqliteSchemaTarget } from '../migrations/target.js';
import type { SchemaTarget } from '../migrations/target.js';
import { temporaryFolder } from './folders.js';
import { createTestDatabase } from './postgres.js';

/** An empty database, whose schema a test changes. */
export interface TestSchema {
  on<T>(work: (target: SchemaTarget) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function sqliteSchema(): Promise<TestSchema> {
  const folder = temporaryFolder();
  const engine = openSqlite(path.join(folder.dir, 'recalld.sqlite'));
  return {
    on: (work) => work(sqliteSchemaTarget(engine)),
    async close() {
      await engine.close();
      folder.remove();
    },
  };
}

export async function postgresSchema(): Promise<TestSchema & { readonly url: string }> {
  const { url, drop } = await createTestDatabase();
  return { url, on: (work) => onPostgresSchema(url, undefined, work), close: drop };
}
