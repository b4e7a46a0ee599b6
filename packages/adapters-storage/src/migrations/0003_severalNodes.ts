import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Ddl } from './ddl.js';
import type { Migration } from './migration.js';

export const severalNodes: Migration = {
  version: 3,
  name: 'several nodes',
  up: (db, ddl) => [
    ...nodes(db, ddl),
    ...generations(db, ddl),
    ...itemDays(db, ddl),
    ...expiringReferences(db, ddl),
    ...logFloor(db, ddl),
    ...rebuilds(db, ddl),
    ...rateLimits(db, ddl),
  ],
};

function nodes({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema.alterTable('nodes').addColumn('owner', text),
    schema.alterTable('nodes').addColumn('lease_until', whole, (column) => column.notNull().defaultTo(0)),
    schema
      .createTable('leases')
      .addColumn('name', text, (column) => column.primaryKey().notNull())
      .addColumn('owner', text, (column) => column.notNull())
      .addColumn('until', whole, (column) => column.notNull())
      .modifyEnd(ends.clustered),
  ];
}

function generations(db: Kysely<Schema>, { whole, ends }: Ddl) {
  return [
    db.schema
      .createTable('generations')
      .addColumn('one', whole, (column) => column.primaryKey())
      .addColumn('apps', whole, (column) => column.notNull())
      .addColumn('rules', whole, (column) => column.notNull())
      .modifyEnd(ends.counters),
    db.insertInto('generations').values({ one: 1, apps: 0, rules: 0 }),
  ];
}

/** Bodies that are there keep 0: a row that gets longer may move, and leave a copy of its content behind. */
function itemDays({ schema }: Kysely<Schema>, { kind, whole }: Ddl) {
  if (kind === 'postgres') return [];
  const column = schema
    .alterTable('bodies')
    .addColumn('item_day', whole, (day) => day.notNull().defaultTo(0));
  return [column];
}

function expiringReferences(db: Kysely<Schema>, { whole }: Ddl) {
  return [
    db.schema.alterTable('attachment_refs').addColumn('expires_at', whole),
    // A message's body stands at the position of its event, and so does its item.
    db.updateTable('attachment_refs').set((e) => ({
      expires_at: e
        .selectFrom('bodies as b')
        .innerJoin('timeline_items as i', 'i.event_position', 'b.position')
        .select('i.expires_at')
        .whereRef('b.app_no', '=', 'attachment_refs.app_no')
        .whereRef('b.item_id', '=', 'attachment_refs.msg_id'),
    })),
  ];
}

function logFloor(db: Kysely<Schema>, { whole, ends }: Ddl) {
  return [
    db.schema
      .createTable('log_floor')
      .addColumn('one', whole, (column) => column.primaryKey())
      .addColumn('position', whole, (column) => column.notNull())
      .modifyEnd(ends.plain),
    db.insertInto('log_floor').values({ one: 1, position: 0 }),
  ];
}

function rebuilds({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema
      .createTable('rebuilds')
      .addColumn('one', whole, (column) => column.primaryKey())
      .addColumn('started_at', whole, (column) => column.notNull())
      .addColumn('position', whole, (column) => column.notNull())
      .addColumn('through', whole, (column) => column.notNull())
      .addColumn('changed', whole, (column) => column.notNull())
      .addColumn('stage', text, (column) => column.notNull())
      .addColumn('place', text)
      .addColumn('finished_at', whole)
      .modifyEnd(ends.counters),
  ];
}

function rateLimits({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema.alterTable('apps').addColumn('rate_limits', text),
    schema
      .createTable('rate_windows')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('bucket', text, (column) => column.notNull())
      .addColumn('window_start', whole, (column) => column.notNull())
      .addColumn('used', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('rate_windows_key', ['app_no', 'bucket'])
      .modifyEnd(ends.counters),
    // For those that are over: a window counts without touching it, and a new one begins rarely.
    schema.createIndex('rate_windows_start').on('rate_windows').column('window_start'),
  ];
}
