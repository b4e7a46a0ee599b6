import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { StoredContent } from '@recalld/domain';
import { createFixedClock, sampleInstant, textContent } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from './sqliteStorage.js';
import type { Storage } from './storage.js';
import { loopOn, recalling, sending } from './testing/commands.js';
import { temporaryFolder } from './testing/folders.js';
import { filesWith } from './testing/search.js';

const clock = createFixedClock(sampleInstant);
const canary = 'canary-4711-bird';
const sizes = [
  ...Array.from({ length: 150 }, (_, n) => n * 37),
  ...[3_900, 4_050, 4_096, 8_192, 20_000, 65_536, 100_000, 300_000],
];

function secret(size: number): StoredContent {
  return textContent(`${canary}${'x'.repeat(size)}${canary}`);
}

let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;

beforeEach(async () => {
  folder = temporaryFolder();
  storage = await openSqliteStorage({ dataDir: folder.dir, clock });
});

afterEach(async () => {
  await storage.close();
  folder.remove();
});

/** Sends a message of each size, with kept ones between them. */
async function sendAll(): Promise<void> {
  const loop = loopOn(storage.commands);
  for (const [n, size] of sizes.entries()) {
    await loop.submit([sending(2 * n + 1, secret(size))]);
    await loop.submit([sending(2 * n + 2, textContent(`kept ${'y'.repeat(size)}`))]);
  }
}

async function recallAll(): Promise<void> {
  const loop = loopOn(storage.commands);
  const outcomes = await Promise.all(sizes.map((_, n) => loop.submit([recalling(2 * n + 1)])));
  expect(outcomes.flat().every(({ ok }) => ok)).toBe(true);
}

describe('what is recalled', () => {
  it('given bodies of every size, then no file has a byte of them after the checkpoint', async () => {
    await sendAll();
    expect(filesWith(folder.dir, canary)).not.toEqual([]);

    await recallAll();
    await storage.erasuresDone();

    expect(filesWith(folder.dir, canary)).toEqual([]);
    expect(filesWith(folder.dir, 'kept yyy')).not.toEqual([]);
  });

  it('given bodies that are in the database file already, then they go from there too', async () => {
    await sendAll();
    await storage.close();
    storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    expect(filesWith(folder.dir, canary)).toEqual([path.join(folder.dir, 'recalld.sqlite')]);

    await recallAll();
    await storage.erasuresDone();

    expect(filesWith(folder.dir, canary)).toEqual([]);
  });

  it('goes by itself, within seconds', async () => {
    await sendAll();
    await recallAll();

    await expect.poll(() => filesWith(folder.dir, canary), { timeout: 10_000, interval: 100 }).toEqual([]);
  });

  it('given a crash before the checkpoint, then it is gone once the folder is opened again', async () => {
    await sendAll();
    await recallAll();
    const crashed = path.join(folder.dir, 'as-after-a-crash');
    mkdirSync(crashed);
    for (const name of readdirSync(folder.dir).filter((each) => each.startsWith('recalld.sqlite'))) {
      copyFileSync(path.join(folder.dir, name), path.join(crashed, name));
    }
    expect(filesWith(crashed, canary)).not.toEqual([]);

    const reopened = await openSqliteStorage({ dataDir: crashed, clock });
    expect(filesWith(crashed, canary)).toEqual([]);
    await reopened.close();
  });

  it('is gone when the storage is closed', async () => {
    await sendAll();
    await recallAll();

    await storage.close();

    expect(filesWith(folder.dir, canary)).toEqual([]);
    storage = await openSqliteStorage({ dataDir: folder.dir, clock });
  });

  it('given somebody who reads the file, then it goes when the reader has ended', async () => {
    const loop = loopOn(storage.commands);
    await loop.submit([sending(1, secret(10))]);
    const reader = new Database(path.join(folder.dir, 'recalld.sqlite'));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM bodies').get();
    await loop.submit([recalling(1)]);

    let done = false;
    const erased = storage.erasuresDone().then(() => {
      done = true;
    });
    await loop.submit([sending(2)]);
    expect(done).toBe(false);
    reader.exec('COMMIT');
    reader.close();
    await erased;

    expect(filesWith(folder.dir, canary)).toEqual([]);
  });

  it('keeps what the recall says, in the notice’s own body', async () => {
    const loop = loopOn(storage.commands);
    await loop.submit([sending(1, secret(10))]);
    await loop.submit([recalling(1, textContent('sorry'))]);
    await storage.erasuresDone();

    const { recallId, msgId } = recalling(1);
    const contents = await storage.contents.read(1, [msgId, recallId]);
    expect([...contents]).toEqual([[recallId, textContent('sorry')]]);
  });
});
