import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatabaseConfig } from './databaseConfig.js';
import { makeDataFolders } from './dataFolders.js';

const root = mkdtempSync(path.join(os.tmpdir(), 'recalld-folders-'));

/** The embedded storage with its file there. */
function sqlite(file: string): DatabaseConfig {
  return { kind: 'sqlite', path: file };
}

afterAll(() => rmSync(root, { recursive: true }));

describe('the data folders', () => {
  it('given folders that are not there, then they are made for their owner alone', () => {
    const dataDir = path.join(root, 'a', 'b');
    makeDataFolders({ dataDir, database: sqlite(path.join(root, 'c', 'db.sqlite')) });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(root, 'c')).isDirectory()).toBe(true);
  });

  it('given folders that are there, then nothing changes', () => {
    expect(() => makeDataFolders({ dataDir: root, database: sqlite(path.join(root, 'db')) })).not.toThrow();
  });

  it('given PostgreSQL, then none is made', () => {
    const dataDir = path.join(root, 'unused');
    makeDataFolders({ dataDir, database: { kind: 'postgres', url: 'postgres://h/db' } });
    expect(existsSync(dataDir)).toBe(false);
  });

  it('given a file in the way, then the variable is named', () => {
    const file = path.join(root, 'file');
    writeFileSync(file, '');
    expect(() => makeDataFolders({ dataDir: file, database: sqlite(path.join(root, 'db')) })).toThrow(
      `RECALLD_DATA_DIR leads to "${file}", which is no folder`,
    );
    expect(() => makeDataFolders({ dataDir: root, database: sqlite(path.join(file, 'x', 'db')) })).toThrow(
      'RECALLD_DATABASE_URL leads to',
    );
  });

  it.runIf(process.platform === 'linux')(
    'given a file system that makes no folders, then it says so at once',
    () => {
      expect(() =>
        makeDataFolders({ dataDir: '/proc/nope/deeper', database: sqlite(path.join(root, 'db')) }),
      ).toThrow(/^RECALLD_DATA_DIR leads to/);
    },
  );
});
