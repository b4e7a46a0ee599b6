import path from 'node:path';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../engines/sqlite.js';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';
import { postgresAvailable } from '../testing/postgres.js';
import { postgresSchema, sqliteSchema } from '../testing/schemas.js';
import type { TestSchema } from '../testing/schemas.js';
import { expectSchema, migrate, migrations, schemaVersion, SchemaTooNew, SchemaTooOld } from './migrate.js';
import type { Migration } from './migration.js';
import { sqliteSchemaTarget } from './target.js';
import type { SchemaTarget } from './target.js';

const clock = createFixedClock(sampleInstant);
const newest = migrations.at(-1)?.version ?? 0;

const next: Migration = {
  version: newest + 1,
  name: 'a later step',
  up: (db, { text }) => [db.schema.alterTable('secrets').addColumn('note', text)],
};
const broken: Migration = {
  version: newest + 1,
  name: 'a broken step',
  up: (db, { text }) => [
    db.schema.alterTable('secrets').addColumn('note', text),
    db.schema.alterTable('no_such_table').addColumn('note', text),
  ],
};

const upTo = (steps: readonly Migration[]) => (target: SchemaTarget) =>
  migrate(target, clock, undefined, steps);
const toNewest = upTo(migrations);
const secrets = (target: SchemaTarget) => target.run(target.db.selectFrom('secrets').selectAll());

it('migrations are numbered without gaps', () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, n) => n + 1));
});

function migrationSuite(open: () => Promise<TestSchema>): void {
  let schema: TestSchema;

  beforeEach(async () => {
    schema = await open();
  });

  afterEach(() => schema.close());

  it('make an empty database ready, and do nothing the second time', async () => {
    await schema.on(toNewest);
    await schema.on(toNewest);
    expect(await schema.on(schemaVersion)).toBe(newest);
    const recorded = await schema.on(({ db, run }) =>
      run(db.selectFrom('migrations').select('name').orderBy('version')),
    );
    expect(recorded).toEqual(migrations.map(({ name }) => ({ name })));
  });

  it('bring a database with data forward', async () => {
    await schema.on(toNewest);
    await schema.on(({ db, run }) => run(db.insertInto('secrets').values({ name: 'key', sealed: 'value' })));
    await schema.on(upTo([...migrations, next]));
    expect(await schema.on(schemaVersion)).toBe(newest + 1);
    expect(await schema.on(secrets)).toEqual([{ name: 'key', sealed: 'value', note: null }]);
  });

  it('leave nothing of a step that fails, and all of those before it', async () => {
    await schema.on(upTo(migrations.slice(0, -1)));
    await schema.on(({ db, run }) => run(db.insertInto('secrets').values({ name: 'key', sealed: 'value' })));
    await expect(schema.on(upTo([...migrations, broken]))).rejects.toThrow('no_such_table');
    expect(await schema.on(schemaVersion)).toBe(newest);
    expect(await schema.on(secrets)).toEqual([{ name: 'key', sealed: 'value' }]);
  });

  it('leave an empty database empty when one of them fails', async () => {
    await expect(schema.on(upTo([...migrations, broken]))).rejects.toThrow('no_such_table');
    expect(await schema.on(schemaVersion)).toBe(0);
    await schema.on(toNewest);
    expect(await schema.on(secrets)).toEqual([]);
  });

  it('refuse a database of a newer release with one sentence, and let it be', async () => {
    await schema.on(upTo([...migrations, next]));
    const refusal: unknown = await schema.on(toNewest).catch((fault: unknown) => fault);
    expect(refusal).toBeInstanceOf(SchemaTooNew);
    expect(String(refusal)).toContain(`schema version ${newest + 1}`);
    await expect(schema.on(expectSchema)).rejects.toBeInstanceOf(SchemaTooNew);
    expect(await schema.on(schemaVersion)).toBe(newest + 1);
  });

  it('are expected by whoever only reads', async () => {
    await expect(schema.on(expectSchema)).rejects.toBeInstanceOf(SchemaTooOld);
    await schema.on(upTo(migrations.slice(0, -1)));
    await expect(schema.on(expectSchema)).rejects.toBeInstanceOf(SchemaTooOld);
    await schema.on(toNewest);
    await expect(schema.on(expectSchema)).resolves.toBeUndefined();
  });

  it('number rows of their own accord, and keep what is larger than 32 bits', async () => {
    await schema.on(toNewest);
    const position = 2 ** 52;
    const [row] = await schema.on(async ({ db, run }) => {
      const label = db.insertInto('attachment_labels').values({ file_name: 'a', content_type: null });
      await run(label);
      await run(label);
      await run(db.insertInto('feed_checkpoints').values({ feed: 'events', position }));
      return run<{ labels: unknown; position: unknown }>(
        sql`select (select max(label_no) from attachment_labels) as labels, position from feed_checkpoints`.compile(
          db,
        ),
      );
    });
    expect([Number(row?.labels), Number(row?.position)]).toEqual([2, position]);
  });

  it('order text by its bytes', async () => {
    await schema.on(toNewest);
    const names = ['a', 'B', 'é', 'Z', '_'];
    const ordered = await schema.on(async ({ db, run }) => {
      await run(db.insertInto('secrets').values(names.map((name) => ({ name, sealed: '' }))));
      return run<{ name: string }>(db.selectFrom('secrets').select('name').orderBy('name'));
    });
    expect(ordered.map(({ name }) => name)).toEqual(['B', 'Z', '_', 'a', 'é']);
  });
}

describe('migrations on SQLite', () => {
  migrationSuite(sqliteSchema);

  it('stop the start of an older release', async () => {
    const folder = temporaryFolder();
    const engine = openSqlite(path.join(folder.dir, databaseFileName));
    await migrate(sqliteSchemaTarget(engine), clock, undefined, [...migrations, next]);
    await engine.close();
    await expect(openSqliteStorage({ dataDir: folder.dir, clock })).rejects.toBeInstanceOf(SchemaTooNew);
    folder.remove();
  });

  it('keep content out of every index', async () => {
    const schema = await sqliteSchema();
    await schema.on(toNewest);
    const indexed = await schema.on(({ db, run }) =>
      run(
        sql`select group_concat(i.name) as columns from sqlite_master m, pragma_index_info(m.name) i
          where m.type = 'index' and m.tbl_name = 'bodies'`.compile(db),
      ),
    );
    expect(indexed).toEqual([{ columns: 'app_no,item_id' }]);
    await schema.close();
  });
});

describe.skipIf(!postgresAvailable)('migrations on PostgreSQL', () => migrationSuite(postgresSchema));
