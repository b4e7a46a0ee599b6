import { ConfigError } from '../configValues.js';

/** The environment leads to no SQLite database. */
export function noDatabase(file: string): ConfigError {
  return new ConfigError(
    `RECALLD_DATA_DIR and RECALLD_DATABASE_URL lead to "${file}", which is not there; they take the server's`,
  );
}
