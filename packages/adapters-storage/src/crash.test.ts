import { messageStream } from '@recalld/domain';
import { createFixedClock, idAt, sampleInstant } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirInUse } from './engines/ownerLock.js';
import { openSqliteStorage } from './sqliteStorage.js';
import { temporaryFolder } from './testing/folders.js';
import { startChild } from './testing/processes.js';

const committer = new URL('./testing/committer.ts', import.meta.url);
const clock = createFixedClock(sampleInstant);
let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

describe('a data folder that another process has', () => {
  it('is refused with one sentence that names it, and is free when that process is killed', async () => {
    const child = startChild(committer, folder.dir);
    expect(await child.nextLine()).toBe('open');

    const refusal: unknown = await openSqliteStorage({ dataDir: folder.dir, clock }).catch(
      (fault: unknown) => fault,
    );
    expect(refusal).toBeInstanceOf(DataDirInUse);
    expect(String(refusal)).toContain(folder.dir);
    expect(String(refusal)).not.toContain('\n');

    await child.kill();
    const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    await expect(storage.health()).resolves.toBeUndefined();
    await storage.close();
  });
});

describe('a process that is killed while it commits', () => {
  it('has lost nothing that it acknowledged, and left a sound file', async () => {
    const acknowledged = new Set<string>();
    for (const kills of [50, 150, 300]) {
      const child = startChild(committer, folder.dir, String(kills * 1_000));
      expect(await child.nextLine()).toBe('open');
      for (let heard = 0; heard < kills; heard += 1) acknowledged.add((await child.nextLine()) ?? '');
      await child.kill();
      for (let line = await child.nextLine(); line !== undefined; line = await child.nextLine()) {
        acknowledged.add(line);
      }
    }

    const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    const lost: string[] = [];
    for (const n of acknowledged) {
      const events = await storage.log.ofStream(1, messageStream(idAt(sampleInstant, Number(n))));
      const types = events.map(({ type }) => type).join();
      if (types !== 'MessageSent,MessageRecalled') lost.push(`${n}: ${types}`);
    }
    await storage.close();
    expect(lost).toEqual([]);
    expect(acknowledged.size).toBeGreaterThanOrEqual(500);
    const file = new Database(path.join(folder.dir, 'recalld.sqlite'));
    expect(file.pragma('integrity_check', { simple: true })).toBe('ok');
    file.close();
  }, 90_000);
});
