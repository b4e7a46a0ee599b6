import path from 'node:path';
import { createWorld, ruleSample } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { SqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';

let folder: ReturnType<typeof temporaryFolder>;
let storage: SqliteStorage;

const open = () => openSqliteStorage({ dataDir: folder.dir, clock: { now: () => Date.now() } });

beforeEach(async () => {
  folder = temporaryFolder();
  storage = await open();
});

afterEach(async () => {
  await storage.close();
  folder.remove();
});

/** Two recalls under one rule: two deliveries, the first one due first. */
async function givenTwoDeliveries() {
  const { app, send, recall } = await createWorld(storage);
  await storage.rules.create(ruleSample(app.no, 'rule'));
  for (let n = 0; n < 2; n += 1) await recall(await send());
}

describe('the delivery queue', () => {
  it('given a row that cannot be read, then it is dead and holds up no other', async () => {
    await givenTwoDeliveries();
    const file = new Database(path.join(folder.dir, 'recalld.sqlite'));
    const [broken] = file.prepare('SELECT first_position FROM deliveries ORDER BY 1').pluck().all();
    file.prepare(`UPDATE deliveries SET events = '[999999]' WHERE first_position = ?`).run(broken);

    const claimed = await storage.deliveries.claim({ max: 10, owner: 'a', now: Date.now(), leaseMs: 1_000 });

    expect(claimed).toHaveLength(1);
    const stage = file.prepare('SELECT stage FROM deliveries WHERE first_position = ?').pluck();
    expect(stage.get(broken)).toBe('dead');
    file.close();
  });

  it('given a process that ended with deliveries in hand, then the next one has them due at once', async () => {
    await givenTwoDeliveries();
    const now = Date.now();
    const held = await storage.deliveries.claim({ max: 10, owner: 'a', now: now * 2, leaseMs: 3_600_000 });
    expect(held).toHaveLength(2);
    await storage.close();

    storage = await open();

    const due = await storage.deliveries.claim({ max: 10, owner: 'b', now: Date.now(), leaseMs: 1_000 });
    expect(due.map(({ id }) => id).sort()).toEqual(held.map(({ id }) => id).sort());
  });
});
