import { afterAll, beforeAll } from 'vitest';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresOptions, PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { temporaryFolder } from './server.js';

/** For `describe.skipIf`: `npm test` says how to get the program. */
export const hasPostgres = findPostgres() !== undefined;

export interface OwnPostgres {
  /** @throws before the tests begin. */
  readonly server: PostgresServer;
  /** An empty folder, for what the tests keep. @throws before the tests begin. */
  readonly dir: string;
}

/** A private PostgreSQL for the tests of the `describe` that calls it; it ends with them. */
export function ownPostgres(options: PostgresOptions = {}): OwnPostgres {
  let own: { server: PostgresServer; folder: Awaited<ReturnType<typeof temporaryFolder>> } | undefined;
  const started = () => {
    if (own === undefined) throw new Error('the tests have not begun');
    return own;
  };

  beforeAll(async () => {
    own = { server: await startPostgres(options), folder: await temporaryFolder() };
  });

  afterAll(async () => {
    await own?.server.stop();
    await own?.folder.remove();
  });

  return {
    get server() {
      return started().server;
    },
    get dir() {
      return started().folder.dir;
    },
  };
}
