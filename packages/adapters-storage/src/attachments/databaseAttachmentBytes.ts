import { randomUUID } from 'node:crypto';
import { assert, AttachmentTooLarge } from '@recalld/domain';
import type { AttachmentBytes, AttachmentId } from '@recalld/domain';
import { sql } from 'kysely';
import { decrypt, encrypt } from '../bodies/contentSeal.js';
import type { ContentSeal } from '../bodies/contentSeal.js';
import { deletingAttachmentKeys } from '../bodies/erasedKeys.js';
import { databaseNow } from '../engines/databaseNow.js';
import type { Database } from '../engines/database.js';
import { changes, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { chunksOf } from './chunks.js';
import type { Chunk } from './chunks.js';
import { draftName } from './drafts.js';

export const keyId = (id: AttachmentId): string => `bytes/${id.toLowerCase()}`;

/** A file that ends too early, or goes on behind its end, is not the one that was stored. */
const placeOf = (id: AttachmentId, { n, last }: Pick<Chunk, 'n' | 'last'>): string =>
  `${keyId(id)}/${n}/${last ? 'last' : 'more'}`;

interface Upload {
  readonly id: AttachmentId;
  readonly draft: string;
  readonly key: Uint8Array;
}

/**
 * Keeps the bytes of uploaded files in the database, in pieces, under a key of each file. An upload is
 * a draft, written piece by piece, for no transaction waits for whoever sends it; the last step names it.
 * Its key is stored with that step: what is left of a broken one cannot be read. Until upkeep has seen the
 * attachment that names them, the bytes are among `attachment_uploads`.
 */
export function createDatabaseAttachmentBytes(database: Database, seal: ContentSeal): AttachmentBytes {
  const { db } = database;

  function writeChunk({ id, draft, key }: Upload, chunk: Chunk): Promise<void> {
    const bytes = encrypt(key, chunk.n, chunk.bytes, placeOf(id, chunk));
    // On disk with the last step, before anybody is told.
    return database.writeRelaxed(function* () {
      yield db.insertInto('attachment_chunks').values({ attachment: draft, n: chunk.n, bytes });
    });
  }

  async function upload(to: Upload, bytes: AsyncIterable<Uint8Array>, bytesMax: number) {
    let size = 0;
    let count = 0;
    for await (const chunk of chunksOf(bytes)) {
      size += chunk.bytes.byteLength;
      count += 1;
      if (size > bytesMax) throw new AttachmentTooLarge(`an attachment has at most ${bytesMax} bytes`);
      await writeChunk(to, chunk);
    }
    return { size, count };
  }

  function* publish({ id, draft }: Upload, wrapped: Uint8Array, count: number): Steps<void> {
    yield deletingAttachmentKeys([keyId(id)]);
    yield db.deleteFrom('attachment_chunks').where('attachment', '=', id.toLowerCase());
    const renamed = yield* changes(
      db
        .updateTable('attachment_chunks')
        .set({ attachment: id.toLowerCase() })
        .where('attachment', '=', draft),
    );
    assert(renamed === count, 'an upload is finished before it is taken for a broken one');
    yield db.insertInto('attachment_keys').values({ key_id: keyId(id), wrapped });
    yield db
      .insertInto('attachment_uploads')
      .values({ attachment: id.toLowerCase(), stored_at: databaseNow })
      .onConflict((conflict) => conflict.column('attachment').doUpdateSet({ stored_at: databaseNow }));
  }

  function deleteChunks(attachment: string): Promise<void> {
    return database.writeGuarded(function* () {
      yield db.deleteFrom('attachment_chunks').where('attachment', '=', attachment);
    });
  }

  return {
    async put(id, bytes, bytesMax) {
      const { key, wrapped } = seal.newKey();
      const to: Upload = { id, key, draft: draftName(await timeOf(database), randomUUID()) };
      try {
        const { size, count } = await upload(to, bytes, bytesMax);
        await database.writeGuarded(() => publish(to, wrapped, count));
        return size;
      } catch (fault) {
        // Upkeep removes what this cannot.
        await deleteChunks(to.draft).catch(() => undefined);
        throw fault;
      }
    },
    async open(id) {
      const [found] = await database.read(() =>
        rows(db.selectFrom('attachment_keys').select('wrapped').where('key_id', '=', keyId(id))),
      );
      return found && readChunks(database, id, seal.unwrap(found.wrapped));
    },
    async destroy(id) {
      await database.writeGuarded(function* () {
        yield deletingAttachmentKeys([keyId(id)]);
      });
      await deleteChunks(id.toLowerCase());
    },
  };
}

/** @throws when the file is destroyed meanwhile. */
async function* readChunks(
  { db }: Database,
  id: AttachmentId,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void> {
  const chunks = db.selectFrom('attachment_chunks').where('attachment', '=', id.toLowerCase());
  const { last } = await chunks.select((e) => e.fn.max('n').as('last')).executeTakeFirstOrThrow();
  for (let n = 0; n === 0 || n <= last; n += 1) {
    const { bytes } = await chunks.select('bytes').where('n', '=', n).executeTakeFirstOrThrow();
    const opened = decrypt(key, n, bytes, placeOf(id, { n, last: n === last }));
    if (opened.byteLength > 0) yield opened;
  }
}

/** Drafts of every node grow old by the same clock. */
async function timeOf(database: Database): Promise<number> {
  const [row] = await database.read(() =>
    rows<{ now: number }>(sql`select ${databaseNow} as now`.compile(database.db)),
  );
  assert(row !== undefined, 'the database has a clock');
  return row.now;
}
