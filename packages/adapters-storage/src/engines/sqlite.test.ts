import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folders.js';
import { openSqlite } from './sqlite.js';
import type { SqliteEngine } from './sqlite.js';

let folder: ReturnType<typeof temporaryFolder>;
let engine: SqliteEngine;
const query = (sql: string, ...parameters: unknown[]) => ({ sql, parameters });

beforeEach(() => {
  folder = temporaryFolder();
  engine = openSqlite(path.join(folder.dir, 'test.db'));
  engine.run(query('CREATE TABLE t (n INTEGER)'));
});

afterEach(async () => {
  await engine.close();
  folder.remove();
});

function numbers(): readonly unknown[] {
  return engine.run<{ n: number }>(query('SELECT n FROM t ORDER BY n')).map(({ n }) => n);
}

describe('the writing connection', () => {
  it.each([
    ['journal_mode', 'wal'],
    ['synchronous', 2],
    ['secure_delete', 1],
    ['temp_store', 2],
    ['wal_autocheckpoint', 0],
    ['auto_vacuum', 0],
  ])('keeps %s at %s, also after it has written', (pragma, value) => {
    engine.run(query('INSERT INTO t VALUES (1)'));
    const [row] = engine.run<Record<string, unknown>>(query(`PRAGMA ${pragma}`));
    expect(Object.values(row ?? {})).toEqual([value]);
  });

  it('is refused when a pragma does not take: a database in memory has no WAL', () => {
    expect(() => openSqlite(':memory:')).toThrow('SQLite keeps journal_mode at memory, it must be wal');
  });

  it('commits all of a transaction or nothing', () => {
    engine.transaction(() => engine.run(query('INSERT INTO t VALUES (1)')));
    expect(() =>
      engine.transaction(() => {
        engine.run(query('INSERT INTO t VALUES (2)'));
        throw new Error('on second thoughts');
      }),
    ).toThrow('on second thoughts');
    expect(numbers()).toEqual([1]);
  });

  it('is FULL again after a relaxed transaction, also one that failed', () => {
    const level = () => engine.run<{ synchronous: number }>(query('PRAGMA synchronous'))[0]?.synchronous;
    engine.relaxedTransaction(() => engine.run(query('INSERT INTO t VALUES (1)')));
    expect(level()).toBe(2);
    const failing = () => {
      throw new Error('no');
    };
    expect(() => engine.relaxedTransaction(failing)).toThrow('no');
    expect(level()).toBe(2);
    expect(numbers()).toEqual([1]);
  });

  it('takes back a savepoint and goes on with the transaction around it', () => {
    engine.transaction(() => {
      engine.run(query('INSERT INTO t VALUES (1)'));
      expect(() =>
        engine.savepoint(() => {
          engine.run(query('INSERT INTO t VALUES (2)'));
          throw new Error('not this');
        }),
      ).toThrow('not this');
      engine.run(query('INSERT INTO t VALUES (3)'));
    });
    expect(numbers()).toEqual([1, 3]);
  });

  it('runs more different queries than it keeps compiled', () => {
    for (let n = 0; n < 700; n += 1) engine.run(query(`INSERT INTO t VALUES (${n})`));
    expect(numbers()).toHaveLength(700);
  });

  it('empties the WAL, unless somebody reads', () => {
    engine.run(query('INSERT INTO t VALUES (1)'));
    const reader = new Database(path.join(folder.dir, 'test.db'));
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM t').all();
    engine.run(query('INSERT INTO t VALUES (2)'));
    expect(engine.truncateWal()).toBe(false);
    reader.close();
    expect(engine.truncateWal()).toBe(true);
  });
});

describe('the reading connection', () => {
  it('cannot write', async () => {
    const { sql } = await import('kysely');
    await expect(sql`INSERT INTO t VALUES (1)`.execute(engine.db)).rejects.toThrow('readonly');
  });

  it('sees what was committed', async () => {
    const { sql } = await import('kysely');
    engine.transaction(() => engine.run(query('INSERT INTO t VALUES (1)')));
    expect((await sql`SELECT n FROM t`.execute(engine.db)).rows).toEqual([{ n: 1 }]);
  });
});
