import { sql } from 'kysely';
import type { Clock, Log } from '@recalld/domain';
import type { Query } from '../steps.js';
import { initial } from './0001_initial.js';
import { deliveryControl } from './0002_deliveryControl.js';
import { severalNodes } from './0003_severalNodes.js';
import { devices } from './0004_devices.js';
import { ddls } from './ddl.js';
import type { EngineKind } from './ddl.js';
import type { Migration } from './migration.js';
import type { SchemaReads, SchemaTarget } from './target.js';

/** Every step there is, oldest first. */
export const migrations: readonly Migration[] = [initial, deliveryControl, severalNodes, devices];

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

const remedies: Readonly<Record<EngineKind, string>> = {
  sqlite: 'start the server of this release once, it brings the database forward.',
  postgres: 'run `recalld migrate` once, when every node of the older release has stopped.',
};

/** The database was written by an older recalld; nothing was changed. */
export class SchemaTooOld extends Error {
  override readonly name = 'SchemaTooOld';

  constructor(found: number, known: number, kind: EngineKind) {
    super(`The database has schema version ${found}, this recalld reads version ${known}; ${remedies[kind]}`);
  }
}

const newest = (steps: readonly Migration[]): number => steps.at(-1)?.version ?? 0;

/** The schema of this release. */
export const schemaVersionKnown = newest(migrations);

/** Looks whether a database has the schema that this release reads. @throws SchemaTooNew, SchemaTooOld */
export async function expectSchema(
  reads: SchemaReads,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  const found = await schemaVersion(reads);
  const known = newest(steps);
  if (found > known) throw new SchemaTooNew(found, known);
  if (found < known) throw new SchemaTooOld(found, known, reads.kind);
}

/**
 * What the start of one node of several may do: sets an empty database up. Nodes of the older release
 * may still use any other.
 * @throws SchemaTooNew, SchemaTooOld
 */
export async function prepareSchema(
  target: SchemaTarget,
  clock: Clock,
  log: Log | undefined,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  if ((await schemaVersion(target)) === 0) await migrate(target, clock, log, steps);
  else await expectSchema(target, steps);
}

/**
 * Brings the schema to the newest version; does nothing when it is there. An empty database is set up
 * as a whole or not at all.
 * @throws SchemaTooNew
 */
export async function migrate(
  target: SchemaTarget,
  clock: Clock,
  log: Log | undefined,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  const found = await schemaVersion(target);
  const known = newest(steps);
  if (found > known) throw new SchemaTooNew(found, known);
  const missing = steps.filter((step) => step.version > found);
  const groups = found === 0 ? [missing] : missing.map((step) => [step]);
  for (const group of groups) {
    const changes = group.flatMap((step) => statementsOf(step, target, clock));
    await target.transaction(found === 0 ? [recordTable(target), ...changes] : changes);
    for (const { version, name } of group) log?.info({ version, name }, 'the schema was brought forward');
  }
}

function statementsOf({ version, name, up }: Migration, { db, kind }: SchemaTarget, clock: Clock): Query[] {
  const record = db.insertInto('migrations').values({ version, name, applied_at: clock.now() });
  return [...up(db, ddls[kind]), record];
}

function recordTable({ db, kind }: SchemaTarget): Query {
  const { whole, text, ends } = ddls[kind];
  return db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('version', whole, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('applied_at', whole, (column) => column.notNull())
    .modifyEnd(ends.plain);
}

/** The newest step that the database has had; 0 for an empty one. */
export async function schemaVersion(reads: SchemaReads): Promise<number> {
  const made = {
    sqlite: sql`select 1 from sqlite_master where name = 'migrations'`,
    postgres: sql`select 1 where to_regclass('migrations') is not null`,
  }[reads.kind];
  if ((await reads.run(made.compile(reads.db))).length === 0) return 0;
  const query = reads.db.selectFrom('migrations').select((e) => e.fn.max('version').as('version'));
  const [row] = await reads.run<{ version: number | string | null }>(query);
  return Number(row?.version ?? 0);
}
