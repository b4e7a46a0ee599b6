import Database from 'better-sqlite3';
import path from 'node:path';

/** In each folder that is owned. */
export const ownerLockName = 'owner.lock';

/** Another process has the data folder; nothing was opened. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';

  constructor(readonly dir: string) {
    super(
      `The data folder ${dir} is in use by another recalld process; stop that one, or choose another folder.`,
    );
  }
}

/**
 * Owns a folder for as long as this process lives: an exclusive lock on a SQLite file of its own,
 * which the kernel frees even after kill -9. Answers the function that gives it back.
 * @throws DataDirInUse
 */
export function lockFolder(dir: string): () => void {
  // Without the zero the second process would wait for seconds before it is refused.
  const database = new Database(path.join(dir, ownerLockName), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (fault) {
    database.close();
    if (fault instanceof Database.SqliteError && fault.code.startsWith('SQLITE_BUSY'))
      throw new DataDirInUse(dir);
    throw fault;
  }
  return () => database.close();
}
