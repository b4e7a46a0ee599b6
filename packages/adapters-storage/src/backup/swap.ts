import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { databaseFileName, lockFolders } from '../sqliteStorage.js';
import { isThere, moveOver, sync, writeDurably } from './durableFiles.js';
import { backupFiles } from './manifest.js';

// A restore fills a folder of its own inside the data folder. One rename decides: before it the data
// folder is the old store's, and what was filled is thrown away; after it the new one's, and whoever comes next,
// a start of the server or another restore, puts the files into their places.

/** Where a restore puts the store together; nobody else looks at it. */
export const draftFolder = 'restoring';
/** What it is called once it is the store. */
const decidedFolder = 'restored';
const planFile = 'plan.json';

/** Where the store's files are to stand. */
export interface StorePlaces {
  readonly dataDir: string;
  readonly databasePath: string;
}

interface Plan {
  /** The folder that the replaced store's files are kept in, inside the data folder; null: they are removed. */
  readonly keepIn: string | null;
}

/** From here on the data folder is the restored store's. The caller owns it, and has filled the draft. */
export async function decide({ dataDir }: StorePlaces, plan: Plan): Promise<void> {
  const draft = path.join(dataDir, draftFolder);
  await writeDurably(path.join(draft, planFile), JSON.stringify(plan));
  await sync(draft);
  await rename(draft, path.join(dataDir, decidedFolder));
  await sync(dataDir);
}

/**
 * Ends a restore that was cut off: puts the restored store in its place when that was decided, else throws
 * it away and leaves the old one. Does nothing, and takes no lock, when there is none. Answers what it came to.
 * @throws DataDirInUse
 */
export async function finishRestore(places: StorePlaces): Promise<'restored' | 'thrownAway' | undefined> {
  const { dataDir, databasePath } = places;
  if (![draftFolder, decidedFolder].some((name) => existsSync(path.join(dataDir, name)))) return undefined;
  const unlock = lockFolders(dataDir, path.dirname(databasePath));
  try {
    return await settle(places);
  } finally {
    unlock();
  }
}

/** The same, of a folder that the caller owns. */
export async function settle(places: StorePlaces): Promise<'restored' | 'thrownAway'> {
  const { dataDir } = places;
  await rm(path.join(dataDir, draftFolder), { recursive: true, force: true });
  const decided = path.join(dataDir, decidedFolder);
  if (!(await isThere(decided))) return 'thrownAway';
  const { keepIn } = JSON.parse(await readFile(path.join(decided, planFile), 'utf8')) as Plan;
  const aside = keepIn === null ? undefined : path.join(dataDir, keepIn);
  if (aside !== undefined) await mkdir(aside, { recursive: true, mode: 0o700 });
  await replace(places, decided, aside);
  await rm(decided, { recursive: true });
  await sync(dataDir);
  return 'restored';
}

/** Each step may be done again: what has been moved is not there any more. */
async function replace(places: StorePlaces, from: string, aside: string | undefined): Promise<void> {
  const { dataDir, databasePath } = places;
  const database = path.join(from, databaseFileName);
  if (await isThere(database)) {
    // Its log first: SQLite must never read it into another database.
    for (const suffix of ['-wal', '-shm', '']) {
      await putAside(`${databasePath}${suffix}`, aside && path.join(aside, `${databaseFileName}${suffix}`));
    }
    await moveOver(database, databasePath);
  }
  for (const name of [backupFiles.attachments, backupFiles.key]) {
    if (!(await isThere(path.join(from, name)))) continue;
    await putAside(path.join(dataDir, name), aside && path.join(aside, name));
    await moveOver(path.join(from, name), path.join(dataDir, name));
  }
}

async function putAside(at: string, to: string | undefined): Promise<void> {
  if (to === undefined) await rm(at, { recursive: true, force: true });
  else await moveOver(at, to);
}
