import { setTimeout as delay } from 'node:timers/promises';
import { migratePostgres, openPostgresForReading, openPostgresStorage } from '@recalld/adapters-storage';
import type { PostgresReading, PostgresStorage } from '@recalld/adapters-storage';
import type { Log, SecretBox } from '@recalld/domain';
import type { Config } from './config.js';
import { loadContentKey } from './contentKey.js';
import { databaseFault, DatabaseAway } from './databaseFaults.js';

/** A database that is started beside this process may take a moment. */
const patienceMs = 10_000;
const againMs = 500;

/**
 * Opens a node's storage in a PostgreSQL database; waits for one that is away for a moment.
 * @throws ConfigError, DatabaseAway, SealBroken, and what `openPostgresStorage` has for wrong databases
 */
export function openPostgres(
  url: string,
  { messageRetentionMs, logRetentionMs }: Pick<Config, 'messageRetentionMs' | 'logRetentionMs'>,
  box: SecretBox,
  log: Log,
): Promise<PostgresStorage> {
  return patiently(url, log, () =>
    openPostgresStorage({
      url,
      log,
      messageRetentionMs,
      logRetentionMs,
      contentKey: (secrets) => loadContentKey(secrets, box),
    }),
  );
}

/** Opens a database to look at it, without becoming a node. @throws as {@link openPostgres} */
export function readPostgres(url: string, log: Log): Promise<PostgresReading> {
  return patiently(url, log, () => openPostgresForReading({ url, log }));
}

/** Brings an older or an empty database to the schema of this version. @throws as {@link openPostgres} */
export function migrateDatabase(url: string, log: Log): Promise<void> {
  return patiently(url, log, () => migratePostgres({ url, log, clock: { now: () => Date.now() } }));
}

/** Does it again for as long as the database is away, within the patience. */
async function patiently<T>(url: string, log: Log, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let told = false; ; told = true) {
    try {
      return await work();
    } catch (fault) {
      const known = databaseFault(fault, url);
      if (!(known instanceof DatabaseAway) || performance.now() >= until) throw known;
      if (!told) log.warn({ fault: known.message }, 'the database does not answer yet');
      await delay(againMs);
    }
  }
}
