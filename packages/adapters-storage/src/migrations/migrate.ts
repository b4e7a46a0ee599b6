import { sql } from 'kysely';
import type { Clock, Log } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import { initial } from './0001_initial.js';
import type { Migration } from './migration.js';

/** Every step there is, oldest first. */
export const migrations: readonly Migration[] = [initial];

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
  const known = steps.at(-1)?.version ?? 0;
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
export function schemaVersion(engine: SqliteEngine): number {
  const newest = engine.db.selectFrom('migrations').select((e) => e.fn.max('version').as('version'));
  const [row] = engine.run<{ version: number | null }>(newest);
  return row?.version ?? 0;
}
