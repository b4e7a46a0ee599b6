import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Upkeep } from './upkeep.js';

const hourMs = 3_600_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const filesPerLook = 100;

/**
 * Removes files of uploads whose request died before an attachment named them: an hour later none will any
 * more. Each file is asked about once in a process: what has its attachment then keeps it until that is purged.
 */
export function unclaimedFiles(dir: string, reads: Reads, clock: Clock): Upkeep {
  /** Files that are older than this were asked about. */
  let asked = -Infinity;
  return {
    name: 'remove unclaimed uploads',
    intervalMs: hourMs,
    async run() {
      const until = clock.now() - hourMs;
      const files = await filesBetween(dir, asked, until);
      for (let at = 0; at < files.length; at += filesPerLook) {
        const some = files.slice(at, at + filesPerLook);
        const claimed = new Set(await reads.read(() => claimedOf(reads, some)));
        await Promise.all(
          some.filter((name) => !claimed.has(name)).map((name) => rm(path.join(dir, name), { force: true })),
        );
      }
      asked = until;
      return false;
    },
  };
}

/** Those that were written at or after one time, and before another. */
async function filesBetween(dir: string, from: number, until: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of (await readdir(dir).catch(noFolder)).filter((each) => uuid.test(each))) {
    const written = (await stat(path.join(dir, name)).catch(() => undefined))?.mtimeMs;
    if (written !== undefined && from <= written && written < until) found.push(name);
  }
  return found;
}

function noFolder(fault: unknown): string[] {
  if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return [];
  throw fault;
}

function* claimedOf({ db }: Reads, names: readonly string[]): Steps<readonly string[]> {
  const found = yield* rows(
    db
      .selectFrom('apps')
      .innerJoin('attachments', 'attachments.app_no', 'apps.app_no')
      .select('attachments.attachment')
      .where('attachments.attachment', 'in', names),
  );
  return found.map(({ attachment }) => attachment);
}
