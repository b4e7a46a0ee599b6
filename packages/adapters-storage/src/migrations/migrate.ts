import { sql } from 'kysely';
import type { Clock, Log } from '@recalld/domain';
import type { SqliteReads } from '../engines/connection.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { initial } from './0001_initial.js';
import { deliveryControl } from './0002_deliveryControl.js';
import type { Migration } from './migration.js';

/** Every step there is, oldest first. */
export const migrations: readonly Migration[] = [initial, deliveryControl];

/** The database was written by a newer recalld; nothing was changed. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';

  constructor(found: number, known: number) {
    super(
      `The database has schema version ${found}, this recalld knows versions up to ${known}; ` +
        'start the newer release again, or restore a backup made before it.',
    );
  }
}

/** The database was written by an older recalld, and only a server's start brings it forward. */
export class SchemaTooOld extends Error {
  override readonly name = 'SchemaTooOld';

  constructor(found: number, known: number) {
    super(
      `The database has schema version ${found}, this recalld reads version ${known}; ` +
        'start the server of this release once, it brings the database forward.',
    );
  }
}

const newest = (steps: readonly Migration[]): number => steps.at(-1)?.version ?? 0;

/** Looks whether a database has the schema that this release reads. @throws SchemaTooNew, SchemaTooOld */
export function expectSchema(reads: SqliteReads): void {
  const [made] = reads.run(sql`select 1 from sqlite_master where name = 'migrations'`.compile(reads.db));
  const found = made === undefined ? 0 : schemaVersion(reads);
  const known = newest(migrations);
  if (found > known) throw new SchemaTooNew(found, known);
  if (found < known) throw new SchemaTooOld(found, known);
}

/**
 * Brings the schema to the newest version; does nothing when it is there.
 * @throws SchemaTooNew
 */
export function migrate(
  engine: SqliteEngine,
  clock: Clock,
  log: Log | undefined,
  steps: readonly Migration[] = migrations,
): void {
  const { db } = engine;
  engine.run(
    db.schema
      .createTable('migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`),
  );
  const found = schemaVersion(engine);
  const known = newest(steps);
  if (found > known) throw new SchemaTooNew(found, known);
  for (const { version, name, up } of steps.filter((step) => step.version > found)) {
    engine.transaction(() => {
      for (const statement of up(db)) engine.run(statement);
      engine.run(db.insertInto('migrations').values({ version, name, applied_at: clock.now() }));
    });
    log?.info({ version, name }, 'the schema was brought forward');
  }
}

/** The newest step that the database has had; 0 for an empty one. */
export function schemaVersion(reads: SqliteReads): number {
  const query = reads.db.selectFrom('migrations').select((e) => e.fn.max('version').as('version'));
  const [row] = reads.run<{ version: number | null }>(query);
  return row?.version ?? 0;
}
