import Database from 'better-sqlite3';
import { chmod, lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@recalld/domain';
import { busyTimeoutMs } from '../engines/connection.js';
import { lockFolder, ownerLockName } from '../engines/ownerLock.js';
import { openSqliteReading } from '../engines/sqliteReading.js';
import type { SqliteReadingEngine } from '../engines/sqliteReading.js';
import { schemaVersion } from '../migrations/migrate.js';
import { sqliteSchemaReads } from '../migrations/target.js';
import { databaseFileName } from '../sqliteStorage.js';
import { copyDurably, copyIfThere, sha256Of, sync } from './durableFiles.js';
import { backupFiles, BackupRefused, writeManifest } from './manifest.js';
import type { BackupManifest } from './manifest.js';

export interface BackupOptions {
  /** Of the store: a server may be running on it. */
  readonly dataDir: string;
  readonly databasePath: string;
  /** The folder that the backup becomes. */
  readonly target: string;
  /** The file of the key that secrets are sealed under; null: it stays out of the backup. */
  readonly keyFile: string | null;
  readonly clock: Clock;
}

/**
 * Copies the embedded store as it is at one moment, beside a running server. The copy is written anew, row
 * by row: it has no free pages and no WAL, and so nothing of what was recalled before. It takes its name when it
 * is whole and on the disk.
 * @throws BackupRefused when something of that name is there, DataDirInUse when another backup is on its way to it.
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const target = path.resolve(options.target);
  if ((await lstat(target).catch(() => undefined)) !== undefined) {
    throw new BackupRefused(`"${target}" is there already; a backup takes a folder that is not`);
  }
  const draft = `${target}.part`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await chmod(draft, 0o700);
  const unlock = lockFolder(draft);
  try {
    await empty(draft);
    const manifest = await fill(draft, options);
    await writeManifest(draft, manifest);
    unlock();
    await rm(path.join(draft, ownerLockName));
    await sync(draft);
    await rename(draft, target);
    await sync(path.dirname(target));
    return manifest;
  } catch (fault) {
    unlock();
    await rm(draft, { recursive: true, force: true });
    throw fault;
  }
}

/** Removes what a backup that was cut off has left. */
async function empty(draft: string): Promise<void> {
  for (const name of await readdir(draft)) {
    if (!name.startsWith(ownerLockName)) await rm(path.join(draft, name), { recursive: true });
  }
}

async function fill(draft: string, options: BackupOptions): Promise<BackupManifest> {
  const { dataDir, databasePath, keyFile, clock } = options;
  const createdAt = clock.now();
  const database = path.join(draft, databaseFileName);
  copyDatabase(databasePath, database);
  await chmod(database, 0o600);
  await sync(database);
  const copy = openSqliteReading(database);
  try {
    const attachments = await copyAttachments(
      copy,
      path.join(dataDir, backupFiles.attachments),
      path.join(draft, backupFiles.attachments),
    );
    if (keyFile !== null) await copyDurably(keyFile, path.join(draft, backupFiles.key));
    return {
      format: 1,
      created_at: createdAt,
      schema_version: await schemaVersion(sqliteSchemaReads(copy)),
      position: lastPositionOf(copy),
      messages: messagesIn(copy),
      attachments,
      bytes: (await stat(database)).size,
      sha256: await sha256Of(database),
    };
  } finally {
    await copy.close();
  }
}

/** One snapshot, on a connection that cannot write; whoever writes meanwhile does not wait for it. */
function copyDatabase(from: string, to: string): void {
  const source = new Database(from, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    source.pragma('temp_store = MEMORY');
    // The copy's pages inherit it: without, some would hold a second copy of a row, which no erasure finds.
    source.pragma('secure_delete = ON');
    source.prepare('vacuum into ?').run(to);
  } finally {
    source.close();
  }
}

/** The files that the copy refers to; one that is gone was taken back meanwhile. */
async function copyAttachments(copy: SqliteReadingEngine, from: string, to: string): Promise<number> {
  await mkdir(to, { mode: 0o700 });
  const kept = copy.db
    .selectFrom('attachments')
    .select('attachment')
    .where('state', 'in', ['uploaded', 'referred']);
  let copied = 0;
  for (const { attachment } of copy.run(kept)) {
    const name = attachment.toLowerCase();
    if (await copyIfThere(path.join(from, name), path.join(to, name))) copied += 1;
  }
  await sync(to);
  return copied;
}

function lastPositionOf({ db, run }: SqliteReadingEngine): number {
  const [last] = run(
    db.selectFrom('events').select((e) => e.fn.max<number | null>('position').as('position')),
  );
  return last?.position ?? 0;
}

function messagesIn({ db, run }: SqliteReadingEngine): number {
  const live = db
    .selectFrom('timeline_items')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('kind', '=', 'message')
    .where('state', '=', 'live');
  return run(live)[0]?.count ?? 0;
}
