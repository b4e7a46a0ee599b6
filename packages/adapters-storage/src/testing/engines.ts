import path from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from './folders.js';
import { openNode, openTestStorage } from './postgresStorage.js';

/** A storage on one of the engines, and a way to its rows past every port. */
export interface TestStore {
  readonly kind: 'sqlite' | 'postgres';
  /** Where it is: a data folder, or a URL. */
  readonly place: string;
  /** Two nodes; on SQLite there is but one, which is both. */
  readonly nodes: readonly [Storage, Storage];
  /** Runs SQL that both engines know, with `?` for parameters; answers the rows of a query. */
  run(text: string, ...parameters: readonly (string | number)[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export type Row = Readonly<Record<string, unknown>>;

export async function sqliteStore(): Promise<TestStore> {
  const folder = temporaryFolder();
  const storage = await openSqliteStorage({ dataDir: folder.dir, clock: createFixedClock(sampleInstant) });
  const database = new Database(path.join(folder.dir, databaseFileName), { timeout: 5_000 });
  return {
    kind: 'sqlite',
    place: folder.dir,
    nodes: [storage, storage],
    run: async (text, ...parameters) => {
      const statement = database.prepare<unknown[], Row>(text);
      if (statement.reader) return statement.all(...parameters);
      statement.run(...parameters);
      return [];
    },
    async close() {
      database.close();
      await storage.close();
      folder.remove();
    },
  };
}

export async function postgresStore(): Promise<TestStore> {
  const systemClock = createFixedClock(sampleInstant);
  const { storage, url, remove } = await openTestStorage({ systemClock });
  const other = await openNode(url, { systemClock });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    kind: 'postgres',
    place: url,
    nodes: [storage, other],
    run: async (text, ...parameters) => {
      let n = 0;
      const { rows } = await client.query<Record<string, unknown>>(
        text.replaceAll('?', () => `$${(n += 1)}`),
        [...parameters],
      );
      return rows.map(numbered);
    },
    async close() {
      await client.end();
      await other.close();
      await remove();
    },
  };
}

/** The driver answers whole numbers of 64 bits as text. */
function numbered(row: Record<string, unknown>): Row {
  const numbers = Object.entries(row).map(([name, value]) => {
    const isNumber = typeof value === 'string' && /^-?\d{1,15}$/.test(value) && !textColumns.has(name);
    return [name, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(numbers) as Row;
}

const textColumns = new Set(['user', 'item_id', 'msg_id', 'author', 'attachment', 'rule_id']);
