import {
  ackSample,
  appSample,
  createFixedClock,
  idAt,
  recallSample,
  sampleInstant,
  sendSample,
  textContent,
} from '@recalld/domain/testing';
import type { CommandLoop } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { SqliteStorage } from '../sqliteStorage.js';
import { loopOn } from '../testing/commands.js';
import { temporaryFolder } from '../testing/folders.js';
import { filesWith } from '../testing/search.js';

const dayMs = 86_400_000;
const canary = 'canary-0815-bird';
const id = (n: number) => idAt(sampleInstant, n);

describe('what notices say, where nothing is dropped by days', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let clock: ReturnType<typeof createFixedClock>;
  let storage: SqliteStorage;
  let loop: CommandLoop;

  const open = (messageRetentionMs: number | null) =>
    openSqliteStorage({ dataDir: folder.dir, clock, messageRetentionMs });

  beforeEach(async () => {
    folder = temporaryFolder();
    clock = createFixedClock(sampleInstant);
    storage = await open(dayMs);
    await storage.apps.create(appSample());
    loop = loopOn(storage.commands);
  });
  afterEach(async () => {
    await storage.close();
    folder.remove();
  });

  /** u2 answers u1's message with its reading, then u1 recalls it; both say something. */
  async function noticed(n: number): Promise<void> {
    const now = clock.now();
    const msgId = id(10 * n);
    await loop.submit([sendSample({ msgId, now, content: textContent('a message') })]);
    await loop.submit([
      ackSample({ msgId, ackId: id(10 * n + 1), content: textContent(`seen ${canary}`), now }),
    ]);
    const extension = textContent(`sorry ${canary}`);
    await loop.submit([recallSample({ msgId, recallId: id(10 * n + 2), extension, now })]);
  }

  async function look(): Promise<void> {
    for (const { run } of storage.upkeep) while (await run());
    await storage.erasuresDone();
  }

  const notices = async (n: number) =>
    [...(await storage.contents.read(1, [id(10 * n + 1), id(10 * n + 2)])).keys()].sort();

  it('given notices as old as messages may be, then what they say is in no file any more', async () => {
    await noticed(1);
    await look();
    expect(filesWith(folder.dir, canary)).not.toEqual([]);

    clock.advance(dayMs + 1);
    await look();

    expect(filesWith(folder.dir, canary)).toEqual([]);
    expect(await notices(1)).toEqual([]);
  });

  it('given younger ones beside them, then these stay until their own time', async () => {
    await noticed(1);
    clock.advance(dayMs / 2);
    await noticed(2);
    clock.advance(dayMs / 2 + 1);

    await look();
    expect([await notices(1), await notices(2)]).toEqual([[], [id(21), id(22)]]);

    clock.advance(dayMs / 2);
    await look();
    expect(await notices(2)).toEqual([]);
  });

  it('given messages that are kept for ever, then their bodies stay', async () => {
    await loop.submit([sendSample({ msgId: id(1), content: textContent('kept'), expiresAt: null })]);
    clock.advance(2 * dayMs);

    await look();

    expect([...(await storage.contents.read(1, [id(1)])).keys()]).toEqual([id(1)]);
  });

  it('given a restart, then it goes on where it came to', async () => {
    await noticed(1);
    clock.advance(dayMs + 1);
    await look();
    await storage.close();
    storage = await open(dayMs);
    loop = loopOn(storage.commands);
    const place = await storage.checkpoints.read('expired notices');
    await noticed(2);
    await look();
    expect(await storage.checkpoints.read('expired notices')).toBe(place);

    clock.advance(dayMs + 1);
    await look();

    expect(await notices(2)).toEqual([]);
  });

  it('given no time after which messages go, then nothing goes', async () => {
    await storage.close();
    storage = await open(null);
    loop = loopOn(storage.commands);
    await noticed(1);
    clock.advance(1_000 * dayMs);

    await look();

    expect(await notices(1)).toHaveLength(2);
  });
});
