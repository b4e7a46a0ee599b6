import path from 'node:path';
import { createFixedClock, createWorld, sampleInstant } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from '../testing/folders.js';

let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;

beforeEach(async () => {
  folder = temporaryFolder();
  storage = await openSqliteStorage({ dataDir: folder.dir, clock: createFixedClock(sampleInstant) });
});

afterEach(async () => {
  await storage.close();
  folder.remove();
});

describe('sealed secrets', () => {
  it('are those of every column that the schema calls sealed', async () => {
    const file = new Database(path.join(folder.dir, databaseFileName));
    const sealed = file
      .prepare<[], { table: string; column: string }>(
        `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND c.name LIKE '%sealed%'`,
      )
      .all();
    expect(sealed.length).toBeGreaterThanOrEqual(7);
    for (const { table, column } of sealed) {
      const others = file
        .prepare<[string], { name: string; type: string }>(
          `SELECT name, type FROM pragma_table_info(?) WHERE "notnull" = 1 AND dflt_value IS NULL`,
        )
        .all(table)
        .filter(({ name }) => name !== column);
      const values = others.map(({ type }, n) => (type === 'TEXT' ? `'${table} ${column} ${n}'` : '1'));
      const columns = [...others.map(({ name }) => name), column].join();
      file.exec(`DELETE FROM ${table}`);
      file.exec(`INSERT INTO ${table} (${columns}) VALUES (${[...values, `'old ${column}'`].join()})`);

      const seen: string[] = [];
      await storage.sealedSecrets.replace((text) => {
        seen.push(text);
        return text === `old ${column}` ? 'new' : undefined;
      });

      expect(seen).toContain(`old ${column}`);
      expect(file.prepare(`SELECT ${column} FROM ${table}`).pluck().get()).toBe('new');
    }
    file.close();
  });

  it('given a text that cannot be opened, then nothing changed, in memory either', async () => {
    const { app } = await createWorld(storage);
    let texts = 0;
    const replacing = storage.sealedSecrets.replace(() => {
      texts += 1;
      if (texts === 2) throw new Error('cannot be opened');
      return 'new';
    });

    await expect(replacing).rejects.toThrow('cannot be opened');
    expect(await storage.apps.find(app.org, app.name)).toEqual(app);
  });
});
