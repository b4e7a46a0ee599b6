import { existsSync } from 'node:fs';
import { openSqliteForReading } from '@recalld/adapters-storage';
import type { SqliteReading } from '@recalld/adapters-storage';
import type { Log } from '@recalld/domain';
import type { Config } from '../config.js';
import { readPostgres } from '../postgres.js';
import { noDatabase } from './noDatabase.js';

/** Opens the store that the environment names, beside its servers; writes nothing. @throws ConfigError when there is none */
export async function openReading(
  { dataDir, database }: Pick<Config, 'dataDir' | 'database'>,
  log: Log,
): Promise<SqliteReading> {
  if (database.kind === 'postgres') return readPostgres(database.url, log);
  if (!existsSync(database.path)) throw noDatabase(database.path);
  return openSqliteForReading({ dataDir, databasePath: database.path, log });
}
