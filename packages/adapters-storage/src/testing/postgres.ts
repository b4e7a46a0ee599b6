import { inject } from 'vitest';
import * as lent from '../../../../scripts/lib/testPostgres.mjs';
import type { Preparation, TestDatabase } from '../../../../scripts/lib/testPostgres.mjs';

/** For `describe.skipIf`: `npm test` says how to get the program. */
export const postgresAvailable = lent.postgresAvailable();

/**
 * A database of its own on this run's PostgreSQL: empty, or as `prepare` leaves one; see
 * {@link lent.createTestDatabase}. @throws when there is no server.
 */
export function createTestDatabase(prepare?: Preparation): Promise<TestDatabase> {
  return lent.createTestDatabase(inject('postgresLender'), prepare);
}
