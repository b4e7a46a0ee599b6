import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresAvailable } from '../testing/postgres.js';
import { openTestStorage } from '../testing/postgresStorage.js';
import { chunkBytes } from './chunks.js';

const id = '3f2c1c1e-0d7a-4a9b-9a55-1d0c5f6b7a80';

async function* pieces(...sizes: readonly number[]): AsyncIterable<Uint8Array> {
  for (const size of sizes) yield Buffer.alloc(size, 'content');
}

describe.skipIf(!postgresAvailable)('attachment bytes in the database', () => {
  let opened: Awaited<ReturnType<typeof openTestStorage>>;
  let client: pg.Client;

  beforeEach(async () => {
    opened = await openTestStorage();
    client = new pg.Client({ connectionString: opened.url });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await opened.remove();
  });

  const count = async (what: string) =>
    (await client.query<{ count: number }>(`select count(*)::int from ${what}`)).rows[0]?.count;

  async function download(): Promise<number | undefined> {
    const bytes = await opened.storage.attachmentBytes.open(id);
    if (bytes === undefined) return undefined;
    let size = 0;
    for await (const chunk of bytes) size += chunk.byteLength;
    return size;
  }

  it('given an upload that goes on, then nobody can download it, and no transaction is open meanwhile', async () => {
    const seen: unknown[] = [];
    async function* slow(): AsyncIterable<Uint8Array> {
      yield* pieces(chunkBytes, 1);
      // Two pieces are full by then, and written.
      yield* pieces(chunkBytes);
      seen.push(await count('attachment_chunks'), await count('attachment_keys'), await download());
      const idle =
        "pg_stat_activity where state like 'idle in transaction%' and datname = current_database()";
      seen.push(await count(idle));
    }

    await opened.storage.attachmentBytes.put(id, slow(), 10 * chunkBytes);

    expect(seen).toEqual([2, 0, undefined, 0]);
    expect(await download()).toBe(2 * chunkBytes + 1);
  });

  it('given an upload that breaks off, then nothing is left of it', async () => {
    async function* broken(): AsyncIterable<Uint8Array> {
      yield* pieces(2 * chunkBytes + 1);
      throw new Error('the connection is gone');
    }

    await expect(opened.storage.attachmentBytes.put(id, broken(), 10 * chunkBytes)).rejects.toThrow(
      'is gone',
    );

    expect([await count('attachment_chunks'), await count('attachment_keys')]).toEqual([0, 0]);
  });

  it('given rows that somebody removed or exchanged, then the download fails', async () => {
    await opened.storage.attachmentBytes.put(id, pieces(3 * chunkBytes), 10 * chunkBytes);
    await client.query('update attachment_chunks set n = 1 - n + 100 where n < 2');
    await client.query('update attachment_chunks set n = n - 100 where n >= 100');
    await expect(download()).rejects.toThrow();

    await opened.storage.attachmentBytes.put(id, pieces(3 * chunkBytes), 10 * chunkBytes);
    expect(await download()).toBe(3 * chunkBytes);
    await client.query('delete from attachment_chunks where n = 2');
    await expect(download()).rejects.toThrow();
  });

  it('given a destroyed file, then its key and its pieces are gone, and the keys are to be written anew', async () => {
    await opened.storage.attachmentBytes.put(id, pieces(2 * chunkBytes), 10 * chunkBytes);

    await opened.storage.attachmentBytes.destroy(id);

    expect([await count('attachment_chunks'), await count('attachment_keys')]).toEqual([0, 0]);
    expect(await count("erased_tables where name like 'attachment\\_keys\\_h%'")).toBe(1);
  });
});
