import path from 'node:path';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../engines/sqlite.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';
import { migrate, migrations, schemaVersion, SchemaTooNew } from './migrate.js';
import type { Migration } from './migration.js';

const clock = createFixedClock(sampleInstant);
const newest = migrations.at(-1)?.version ?? 0;
let folder: ReturnType<typeof temporaryFolder>;
let engine: SqliteEngine;

const next: Migration = {
  version: newest + 1,
  name: 'a later step',
  up: (db) => [db.schema.alterTable('secrets').addColumn('note', 'text')],
};
const broken: Migration = {
  version: newest + 1,
  name: 'a broken step',
  up: (db) => [
    db.schema.alterTable('secrets').addColumn('note', 'text'),
    db.schema.alterTable('no_such_table').addColumn('note', 'text'),
  ],
};

beforeEach(() => {
  folder = temporaryFolder();
  engine = openSqlite(path.join(folder.dir, 'recalld.sqlite'));
});

afterEach(async () => {
  await engine.close();
  folder.remove();
});

const columns = () => engine.run<{ name: string }>(sql`PRAGMA table_info(secrets)`.compile(engine.db));

describe('migrations', () => {
  it('are numbered without gaps', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, n) => n + 1));
  });

  it('make an empty database ready, and do nothing the second time', () => {
    migrate(engine, clock, undefined);
    migrate(engine, clock, undefined);
    expect(schemaVersion(engine)).toBe(newest);
    expect(engine.run(engine.db.selectFrom('migrations').selectAll())).toEqual(
      migrations.map(({ version, name }) => ({ version, name, applied_at: sampleInstant })),
    );
  });

  it('bring a database with data forward', () => {
    migrate(engine, clock, undefined);
    engine.run(engine.db.insertInto('secrets').values({ name: 'key', sealed: 'value' }));
    migrate(engine, clock, undefined, [...migrations, next]);
    expect(schemaVersion(engine)).toBe(newest + 1);
    expect(engine.run(engine.db.selectFrom('secrets').selectAll())).toEqual([
      { name: 'key', sealed: 'value', note: null },
    ]);
  });

  it('leave nothing of a step that fails', () => {
    migrate(engine, clock, undefined);
    expect(() => migrate(engine, clock, undefined, [...migrations, broken])).toThrow('no_such_table');
    expect(schemaVersion(engine)).toBe(newest);
    expect(columns().map(({ name }) => name)).toEqual(['name', 'sealed']);
  });

  it('refuse a database of a newer release with one sentence, and let it be', async () => {
    migrate(engine, clock, undefined, [...migrations, next]);
    const refusal: unknown = await openSqliteStorage({ dataDir: folder.dir, clock }).catch(
      (fault: unknown) => fault,
    );
    expect(refusal).toBeInstanceOf(SchemaTooNew);
    expect(String(refusal)).toContain(`schema version ${newest + 1}`);
    expect(schemaVersion(engine)).toBe(newest + 1);
  });

  it('keep content out of every index', () => {
    migrate(engine, clock, undefined);
    const indexed = engine.run<{ columns: string }>(
      sql`select group_concat(i.name) as columns from sqlite_master m, pragma_index_info(m.name) i
        where m.type = 'index' and m.tbl_name = 'bodies'`.compile(engine.db),
    );
    expect(indexed).toEqual([{ columns: 'app_no,item_id' }]);
  });
});
