import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './configValues.js';
import type { Config } from './config.js';

/**
 * Makes the folders that the data goes to, for their owner alone; with PostgreSQL nothing is on this machine.
 * @throws ConfigError that names the variable whose folder cannot be made or is none.
 */
export function makeDataFolders({ dataDir, database }: Pick<Config, 'dataDir' | 'database'>): void {
  if (database.kind !== 'sqlite') return;
  makeFolder('RECALLD_DATA_DIR', dataDir);
  makeFolder('RECALLD_DATABASE_URL', path.dirname(database.path));
}

/** One level at a time: Node's recursive mkdir never returns where a file system makes no folders. */
function makeFolder(variable: string, folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !isFolder(variable, at); at = path.dirname(at)) missing.unshift(at);
  for (const each of missing) attempt(variable, folder, () => mkdirSync(each, { mode: 0o700 }));
}

function isFolder(variable: string, at: string): boolean {
  const found = attempt(variable, at, () => statSync(at, { throwIfNoEntry: false }));
  if (found === undefined) return false;
  if (found.isDirectory()) return true;
  throw new ConfigError(
    `${variable} leads to "${at}", which is no folder; it takes one that can be made or written`,
  );
}

function attempt<T>(variable: string, folder: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    const code = fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault);
    throw new ConfigError(
      `${variable} leads to "${folder}", which cannot be made or read (${code}); it takes a folder that can`,
    );
  }
}
