import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { appSample, attachmentSample, createFixedClock } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileAttachmentBytes } from '../attachments/fileAttachmentBytes.js';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { SqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';

const hourMs = 3_600_000;
const now = Date.UTC(2026, 0, 1);
const ids = ['a', 'b', 'c'].map((first) => `${first}0000000-0000-4000-8000-000000000000`);
const [claimed = '', unclaimed = '', young = ''] = ids;

async function* bytes(): AsyncIterable<Uint8Array> {
  yield Buffer.from('content');
}

describe('uploads that no attachment names, in the data folder', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let storage: SqliteStorage;
  let clock: ReturnType<typeof createFixedClock>;
  const dir = () => path.join(folder.dir, 'attachments');

  beforeEach(async () => {
    folder = temporaryFolder();
    clock = createFixedClock(now);
    storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    const app = await storage.apps.create(appSample());
    if (typeof app !== 'object') throw new Error('the app is there');
    const files = createFileAttachmentBytes(dir());
    for (const id of ids) {
      await files.put(id, bytes(), 100);
      const age = id === young ? hourMs - 1_000 : hourMs + 1_000;
      utimesSync(path.join(dir(), id), (now - age) / 1_000, (now - age) / 1_000);
    }
    await storage.attachments.add(attachmentSample(app.no, claimed));
  });

  afterEach(async () => {
    await storage.close();
    folder.remove();
  });

  async function look(): Promise<readonly string[]> {
    for (const { run } of storage.upkeep) while (await run());
    return readdirSync(dir()).sort();
  }

  it('are removed when they are older than an hour, and no others', async () => {
    expect(readdirSync(dir())).toContain(unclaimed);
    expect(await look()).toEqual([claimed, young]);

    clock.advance(2_000);
    expect(await look()).toEqual([claimed]);
  });

  it('given no upload yet, then nothing is done', async () => {
    for (const id of ids) await createFileAttachmentBytes(dir()).destroy(id);
    expect(await look()).toEqual([]);
  });
});
