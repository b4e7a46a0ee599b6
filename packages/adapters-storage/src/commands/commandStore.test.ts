import path from 'node:path';
import { messageStream } from '@recalld/domain';
import {
  createFixedClock,
  idAt,
  loadOne,
  recallUnit,
  sampleInstant,
  sendUnit,
} from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from '../testing/folders.js';

const msgId = idAt(sampleInstant, 1);
const stream = messageStream(msgId);
let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;
let file: Database.Database;

beforeEach(async () => {
  folder = temporaryFolder();
  storage = await openSqliteStorage({ dataDir: folder.dir, clock: createFixedClock(sampleInstant) });
  file = new Database(path.join(folder.dir, 'recalld.sqlite'));
});

afterEach(async () => {
  file.close();
  await storage.close();
  folder.remove();
});

const count = (table: string) => file.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

describe('the command store', () => {
  it('race, append and append: an event that came from nowhere is found by the unique key', async () => {
    await storage.commands.commit([sendUnit(1)]);
    await loadOne(storage, { app: 1, streams: [stream] });
    file
      .prepare(
        `INSERT INTO events (stream_day, app_no, stream, version, type, data, actor, command_id, occurred_at)
         SELECT stream_day, app_no, stream, 2, 'MessageExpired', '{}', actor, command_id, occurred_at FROM events`,
      )
      .run();
    expect(
      await storage.commands.commit([sendUnit(1, { msgId: idAt(sampleInstant, 2) }), recallUnit(1)]),
    ).toEqual({
      ok: false,
      reason: 'moved',
    });
    expect(count('events')).toBe(2);
    expect(count('timeline_items')).toBe(1);
  });

  it('counts on as if nothing had been after a batch that was rolled back', async () => {
    await storage.commands.commit([sendUnit(1)]);
    const clash = [sendUnit(1, { msgId: idAt(sampleInstant, 2) }), sendUnit(1)];
    expect(await storage.commands.commit(clash)).toMatchObject({ ok: false });

    const committed = await storage.commands.commit([sendUnit(1, { msgId: idAt(sampleInstant, 3) })]);

    expect(committed).toMatchObject({ recorded: [[{ timelinePosition: 2, messageSeq: 2, version: 1 }]] });
  });

  it('throws a fault that is no conflict, and has written nothing', async () => {
    await storage.commands.commit([sendUnit(1)]);
    const unknown = { rule: { id: 'no-such-rule', version: 1 }, events: [0], orderKey: 'x' };
    const units = [recallUnit(1, {}, { deliveries: [unknown] })];
    await expect(storage.commands.commit(units)).rejects.toThrow('rule no-such-rule');
    expect([count('events'), count('timeline_items'), count('deliveries')]).toEqual([1, 1, 0]);
    expect(await storage.contents.read(1, [msgId])).toHaveProperty('size', 1);
  });

  it('writes no content into the log', async () => {
    await storage.commands.commit([sendUnit(1)]);
    const [row] = file.prepare('SELECT data FROM events').pluck().all();
    expect(row).not.toContain('hello');
  });

  it('has what it answered on disk: another process sees it', async () => {
    await storage.commands.commit([sendUnit(1), recallUnit(1)]);
    expect(count('events')).toBe(2);
    expect(file.prepare('SELECT payload FROM bodies').pluck().all()).toEqual([null]);
  });
});
