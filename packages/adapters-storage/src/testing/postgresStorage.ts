import { openPostgresStorage } from '../postgresStorage.js';
import type { PostgresStorage, PostgresStorageOptions } from '../postgresStorage.js';
import { createTestDatabase } from './postgres.js';

/** What the tests' content is sealed under. */
const contentKey = async () => Buffer.alloc(32, 7);

/** Opens one more node on a database. */
export function openNode(
  url: string,
  options: Partial<PostgresStorageOptions> = {},
): Promise<PostgresStorage> {
  return openPostgresStorage({ url, contentKey, ...options });
}

/** A storage on a PostgreSQL database of its own. */
export async function openTestStorage(options: Partial<PostgresStorageOptions> = {}): Promise<{
  readonly storage: PostgresStorage;
  readonly url: string;
  /** Closes it, and removes the database. */
  remove(): Promise<void>;
}> {
  const { url, drop } = await createTestDatabase(setUp);
  const storage = await openNode(url, options);
  return {
    storage,
    url,
    async remove() {
      await storage.close();
      await drop();
    },
  };
}

/** What each database starts as: the schema, and nothing else. */
async function setUp(url: string): Promise<void> {
  await (await openNode(url)).close();
}
