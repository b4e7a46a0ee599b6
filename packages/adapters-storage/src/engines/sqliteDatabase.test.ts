import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { temporaryFolder } from '../testing/folders.js';
import type { Database } from './database.js';
import { openSqlite } from './sqlite.js';
import type { SqliteEngine } from './sqlite.js';
import { sqliteDatabase } from './sqliteDatabase.js';

let folder: ReturnType<typeof temporaryFolder>;
let engine: SqliteEngine;
let database: Database;
let commits: number;
let turn: () => void;
const query = <R>(
  sql: string,
  ...parameters: unknown[]
): { sql: string; parameters: unknown[]; rowShape?: R } => ({
  sql,
  parameters,
});

beforeEach(() => {
  folder = temporaryFolder();
  engine = openSqlite(path.join(folder.dir, 'test.db'));
  engine.run(query('CREATE TABLE t (n INTEGER PRIMARY KEY)'));
  commits = 0;
  const nextTurn = () => new Promise<void>((resolve) => (turn = resolve));
  database = sqliteDatabase({ engine, nextTurn, onCommit: () => (commits += 1) });
});

afterEach(async () => {
  await engine.close();
  folder.remove();
});

function* insert(n: number): Steps<number> {
  yield query('INSERT INTO t VALUES (?)', n);
  const [counted] = yield* rows(query<{ n: number }>('SELECT count(*) AS n FROM t'));
  return counted?.n ?? 0;
}

const numbers = () => engine.run<{ n: number }>(query('SELECT n FROM t')).map(({ n }) => n);

describe('the embedded database', () => {
  it('gathers what arrives in one turn into one transaction, in order', async () => {
    const answers = [3, 1, 2].map((n) => database.write(() => insert(n)));
    expect(numbers()).toEqual([]);
    turn();
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
    expect(commits).toBe(1);
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it('fails the write that failed, whole, and no other', async () => {
    const first = database.write(() => insert(1));
    const bad = database.write(function* () {
      yield* insert(2);
      yield* insert(1);
    });
    const last = database.write(() => insert(3));
    const outcomes = Promise.allSettled([first, bad, last]);
    turn();
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(numbers()).toEqual([1, 3]);
  });

  it.each([
    ['relaxed writes alone do not wait for the disk', ['writeRelaxed', 'writeRelaxed'], 1],
    ['any other write makes all of its turn wait', ['writeRelaxed', 'write'], 2],
  ] as const)('%s, and the connection is FULL again', async (_, kinds, during) => {
    const level = () => engine.run<{ synchronous: number }>(query('PRAGMA synchronous'))[0]?.synchronous;
    const seen: unknown[] = [];
    const written = kinds.map((kind, n) =>
      database[kind](function* () {
        seen.push(level());
        yield* insert(n);
      }),
    );
    turn();
    await Promise.all(written);
    expect(seen).toEqual([during, during]);
    expect(level()).toBe(2);
    expect(numbers()).toEqual([0, 1]);
  });

  it('fails all of a turn whose commit fails, and goes on with the next', async () => {
    const doomed = [1, 2].map((n) => database.write(() => insert(n)));
    const ending = database.write(function* () {
      yield query('COMMIT');
    });
    const outcomes = Promise.allSettled([...doomed, ending]);
    turn();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const later = database.write(() => insert(9));
    turn();
    await expect(later).resolves.toBeGreaterThan(0);
  });
});
