import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AttachmentId } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { rows } from '../steps.js';

/** Which uploaded files have bytes. */
export interface BytesCensus {
  /** Those of some files that have them. */
  having(ids: readonly AttachmentId[]): Promise<ReadonlySet<AttachmentId>>;
  /** Files with bytes, behind one of them, in order; none that a request may still be writing. */
  next(after: AttachmentId, limit: number): Promise<readonly AttachmentId[]>;
}

/** An upload has its row a moment after its bytes. */
const youngMs = 3_600_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Of the files in a folder. */
export function filesCensus(dir: string): BytesCensus {
  let names: readonly string[] | undefined;

  async function namesThere(): Promise<readonly string[]> {
    names ??= (await readdir(dir).catch(noFolder)).filter((name) => uuid.test(name)).sort();
    return names;
  }

  async function isOld(id: AttachmentId): Promise<boolean> {
    const found = await stat(path.join(dir, id)).catch(() => undefined);
    return found !== undefined && found.mtimeMs < Date.now() - youngMs;
  }

  return {
    async having(ids) {
      const there = await Promise.all(ids.map((id) => isThere(path.join(dir, id.toLowerCase()))));
      return new Set(ids.filter((_, n) => there[n]));
    },
    async next(after, limit) {
      const page = (await namesThere()).filter((name) => name > after).slice(0, limit);
      const old = await Promise.all(page.map(isOld));
      return page.filter((_, n) => old[n]);
    },
  };
}

function noFolder(fault: unknown): string[] {
  if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return [];
  throw fault;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

const keyPrefix = 'bytes/';

/** Of the keys in a database: bytes without their key cannot be read by anybody. */
export function keysCensus({ db, read }: Reads): BytesCensus {
  const keys = () => db.selectFrom('attachment_keys').select('key_id');
  return {
    async having(ids) {
      if (ids.length === 0) return new Set();
      const wanted = ids.map((id) => keyPrefix + id.toLowerCase());
      const found = await read(() => rows(keys().where('key_id', 'in', wanted)));
      const there = new Set(found.map(({ key_id: key }) => key));
      return new Set(ids.filter((_, n) => there.has(wanted[n] ?? '')));
    },
    async next(after, limit) {
      const found = await read(() =>
        rows(
          keys()
            .where('key_id', '>', keyPrefix + after)
            .where('key_id', '<', `${keyPrefix}~`)
            .orderBy('key_id')
            .limit(limit),
        ),
      );
      return found.map(({ key_id: key }) => key.slice(keyPrefix.length));
    },
  };
}
