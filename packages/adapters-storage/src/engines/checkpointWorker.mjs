// Copies the WAL into the database file, off the main thread. Told `checkpoint`, it answers how many
// frames the WAL has; told `close`, it ends. PASSIVE: it waits for nobody, and nobody waits for it.
import Database from 'better-sqlite3';
import { fsyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const database = new Database(workerData.file, { timeout: 0, fileMustExist: true });
database.pragma('synchronous = FULL');
database.pragma('wal_autocheckpoint = 0');

parentPort?.on('message', (order) => {
  if (order === 'close') {
    database.close();
    parentPort?.close();
    return;
  }
  copy();
  // While somebody goes on writing, SQLite leaves the flush to whoever empties the WAL: the writer.
  fsyncSync(workerData.descriptor);
  parentPort?.postMessage({ frames: copy() });
});

/** Answers how many frames the WAL has. */
function copy() {
  const [outcome] = /** @type {{ log: number }[]} */ (database.pragma('wal_checkpoint(PASSIVE)'));
  return outcome?.log ?? 0;
}
