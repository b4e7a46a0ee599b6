import path from 'node:path';
import { attachmentSample, textContent } from '@recalld/domain/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../../scripts/lib/postgresServer.mjs';
import type { PostgresStorage } from './postgresStorage.js';
import { loopOn, recalling, sending } from './testing/commands.js';
import { postgresAvailable } from './testing/postgres.js';
import { openNode } from './testing/postgresStorage.js';
import { filesWith } from './testing/search.js';

const canary = 'canary-4711-bird';
/** As it stands in a log line that quotes bytes. */
const forms = [
  canary,
  Buffer.from(canary).toString('hex'),
  Buffer.from(canary).toString('base64').slice(0, 20),
];
const sizes = [0, 100, 1_900, 2_100, 8_192, 20_000, 300_000];

/** Everything that a query is given goes to the log. */
const config = `
log_statement = all
log_min_duration_statement = 0
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
`;

const fileId = (n: number): string => `3f2c1c1e-0d7a-4a9b-9a55-${String(n).padStart(12, '0')}`;

async function* bytesOf(size: number): AsyncIterable<Uint8Array> {
  yield Buffer.from(canary);
  yield Buffer.alloc(size, canary);
}

describe.skipIf(!postgresAvailable)('what is recalled on PostgreSQL', () => {
  let server: PostgresServer;
  let storage: PostgresStorage;
  let superuser: pg.Client;
  /** The wrapped keys that there were before the recalls, of what is recalled and of what stays. */
  let keys: { readonly erased: readonly Buffer[]; readonly kept: readonly Buffer[] };

  beforeAll(async () => {
    server = await startPostgres({ config });
    const url = await server.createDatabase();
    storage = await openNode(url);
    superuser = new pg.Client({
      connectionString: server.url.replace(/[^/]+$/, new URL(url).pathname.slice(1)),
    });
    await superuser.connect();
    await sendAll();
    await superuser.query('analyze');
    keys = { erased: await keysOf('n % 2 = 1'), kept: await keysOf('n % 2 = 0') };
  });

  afterAll(async () => {
    await superuser.end();
    await storage.close();
    await server.stop();
  });

  /** Messages with a file each: those with odd numbers are recalled later. */
  async function sendAll(): Promise<void> {
    const loop = loopOn(storage.commands);
    for (const [at, size] of sizes.entries()) {
      for (const n of [2 * at + 1, 2 * at + 2]) {
        const attachment = attachmentSample(1, fileId(n), {
          fileName: `${canary} ${n}`,
          contentType: canary,
        });
        await storage.attachmentBytes.put(fileId(n), bytesOf(size), 1_000_000);
        await storage.attachments.add(attachment);
        const content = textContent(`${canary}${'x'.repeat(size)}${canary}`);
        await loop.submit([{ ...sending(n, content), attachments: [fileId(n)] }]);
      }
    }
  }

  /** Of bodies, files and labels: each was made with the number of its message. */
  async function keysOf(condition: string): Promise<readonly Buffer[]> {
    const { rows } = await superuser.query<{ wrapped: Buffer }>(`
      select wrapped from (
        select wrapped, row_number() over (order by position) as n from body_keys
        union all select wrapped, right(key_id, 12)::bigint from attachment_keys where key_id like 'bytes/%'
        union all select k.wrapped, right(a.attachment, 12)::bigint
          from attachment_keys k join attachments a on k.key_id = 'label/' || a.label_no
      ) as keys where ${condition}`);
    return rows.map(({ wrapped }) => wrapped);
  }

  /** What tables and indexes hold, without the write-ahead log. */
  function tableFilesWith(bytes: Buffer): readonly string[] {
    return ['base', 'global'].flatMap((name) => filesWith(path.join(server.folder, 'data', name), bytes));
  }

  const canaryFiles = () => forms.flatMap((form) => filesWith(server.folder, form));

  it('given sent messages and files, then no file of the server shows any of it, and their keys are there', async () => {
    const ids = sizes.flatMap((_, at) => [sending(2 * at + 1).msgId, sending(2 * at + 2).msgId]);
    expect((await storage.contents.read(1, ids)).size).toBe(2 * sizes.length);
    expect(await storage.attachments.find(1, fileId(1))).toMatchObject({ fileName: `${canary} 1` });
    await superuser.query('checkpoint');

    expect(canaryFiles()).toEqual([]);
    expect(keys.erased).toHaveLength(3 * sizes.length);
    expect(keys.erased.filter((key) => tableFilesWith(key).length === 0)).toEqual([]);
    expect(filesWith(server.folder, 'insert into "bodies"')).toContain(path.join(server.folder, 'log'));
  });

  it('given recalls, then no table or index has a key of theirs once erasures are done', async () => {
    const loop = loopOn(storage.commands);
    const recalled = sizes.map((_, at) => 2 * at + 1);
    for (const n of recalled) {
      const [outcome] = await loop.submit([recalling(n, textContent(`${canary} is why`))]);
      expect(outcome?.ok).toBe(true);
      await storage.attachmentBytes.destroy(fileId(n));
    }
    expect(
      (
        await storage.contents.read(
          1,
          recalled.map((n) => sending(n).msgId),
        )
      ).size,
    ).toBe(0);
    expect((await storage.attachments.find(1, fileId(1)))?.fileName).toBe('');
    await superuser.query('checkpoint');
    expect(keys.erased.filter((key) => tableFilesWith(key).length > 0)).not.toEqual([]);

    await storage.erasuresDone();
    await superuser.query('analyze');
    await superuser.query('checkpoint');

    expect(keys.erased.filter((key) => tableFilesWith(key).length > 0)).toEqual([]);
    expect(keys.kept.filter((key) => tableFilesWith(key).length === 0)).toEqual([]);
    expect(canaryFiles()).toEqual([]);
  });

  it('has one key for each body, file and label that is left', async () => {
    const count = async (what: string) =>
      Number((await superuser.query<{ count: string }>(`select count(*) from ${what}`)).rows[0]?.count);

    // Of kept messages, and of what the recalls say.
    expect(await count('body_keys')).toBe(2 * sizes.length);
    expect(await count('bodies where payload is not null')).toBe(2 * sizes.length);
    expect(await count('attachment_keys')).toBe(2 * sizes.length);
    expect(await count('erased_tables')).toBe(0);
    const kept = [2, 4].map((n) => sending(n).msgId);
    expect((await storage.contents.read(1, kept)).size).toBe(2);
    expect((await storage.attachments.find(1, fileId(2)))?.fileName).toBe(`${canary} 2`);
  });
});
