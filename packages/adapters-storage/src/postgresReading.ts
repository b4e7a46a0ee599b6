import type { Log } from '@recalld/domain';
import { keysCensus } from './checking/bytesCensus.js';
import { createVerify } from './checking/verify.js';
import type { Verify } from './checking/verify.js';
import { openPostgres } from './engines/postgres.js';
import { expectSchema } from './migrations/migrate.js';
import { onPostgresSchema } from './migrations/postgresTarget.js';
import { createLiveNodes } from './nodes/liveNodes.js';
import { createReadPorts, openBooks } from './readPorts.js';
import type { ReadPorts } from './readPorts.js';

export interface PostgresReadingOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly log?: Log;
}

/** A database that is only looked at. */
export type PostgresReading = ReadPorts & {
  readonly verify: Verify;
  /** How many nodes are there now. */
  liveNodes(): Promise<number>;
  close(): Promise<void>;
};

/**
 * Opens a PostgreSQL database to look at it, whether nodes are running on it or not: it becomes none of
 * them, and writes nothing.
 * @throws SchemaTooNew, SchemaTooOld, Unavailable
 */
export async function openPostgresForReading({ url, log }: PostgresReadingOptions): Promise<PostgresReading> {
  await onPostgresSchema(url, log, (target) => expectSchema(target));
  const engine = openPostgres({ url, log });
  return {
    ...createReadPorts(engine, openBooks(engine), log),
    verify: createVerify(engine, 'postgres', keysCensus(engine)),
    liveNodes: createLiveNodes(engine),
    close: () => engine.close(),
  };
}
