import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { SqlQuery } from '../statements.js';
import type { Ddl } from './ddl.js';

/**
 * The log, and the content beside it. On PostgreSQL both are partitioned by day, so that what has
 * expired goes as a whole, and rows of content are ciphertext under keys of their own.
 */
export function log(db: Kysely<Schema>, ddl: Ddl) {
  return ddl.kind === 'sqlite' ? [events(db, ddl), ...bodies(db, ddl)] : partitionedLog(db, ddl);
}

function partitionedLog(db: Kysely<Schema>, ddl: Ddl) {
  return [
    events(db, ddl),
    ...partitions(db, 'events'),
    // The first position is 1: its last value is 0, and counts as taken.
    sql`create sequence event_positions as bigint minvalue 0 start with 0`.compile(db),
    sql`select nextval('event_positions')`.compile(db),
    ...bodies(db, ddl),
    uncompressed(db, 'bodies', 'payload'),
    ...partitions(db, 'bodies'),
    ...bodyKeys(db, ddl),
    ...partitions(db, 'body_keys'),
    unsampled(db, 'body_keys', 'wrapped'),
  ];
}

function events({ schema }: Kysely<Schema>, { kind, whole, text, ends }: Ddl) {
  const partitioned = kind === 'postgres';
  return schema
    .createTable('events')
    .addColumn('position', whole, (column) => (partitioned ? column.notNull() : column.primaryKey()))
    .addColumn('stream_day', whole, (column) => column.notNull())
    .addColumn('app_no', whole, (column) => column.notNull())
    .addColumn('stream', text, (column) => column.notNull())
    .addColumn('version', whole, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('data', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('command_id', text, (column) => column.notNull())
    .addColumn('occurred_at', whole, (column) => column.notNull())
    .addColumn('timeline', text)
    .addColumn('timeline_position', whole)
    .addColumn('message_seq', whole)
    .$call((table) =>
      partitioned ? table.addPrimaryKeyConstraint('events_key', ['position', 'stream_day']) : table,
    )
    .addUniqueConstraint('events_stream', ['stream_day', 'app_no', 'stream', 'version'])
    .modifyEnd(partitioned ? sql`partition by range (stream_day)` : ends.plain);
}

function bodies({ schema }: Kysely<Schema>, { kind, whole, text, bytes, ends }: Ddl) {
  const partitioned = kind === 'postgres';
  const table = schema
    .createTable('bodies')
    .addColumn('position', whole, (column) => (partitioned ? column.notNull() : column.primaryKey()))
    .addColumn('app_no', whole, (column) => column.notNull())
    .addColumn('item_id', text, (column) => column.notNull())
    .addColumn('format', text, (column) => column.notNull())
    .addColumn('payload', bytes);
  const byDay = table
    .addColumn('item_day', whole, (column) => column.notNull())
    .addPrimaryKeyConstraint('bodies_key', ['position', 'item_day'])
    .modifyEnd(sql`partition by range (item_day)`);
  return [
    partitioned ? byDay : table.modifyEnd(ends.plain),
    schema.createIndex('bodies_item').on('bodies').columns(['app_no', 'item_id']),
  ];
}

/** A key goes by its row's deletion, and its table is written anew: {@link Schema.erased_tables}. */
function bodyKeys({ schema }: Kysely<Schema>, { whole, text, bytes }: Ddl) {
  return [
    schema
      .createTable('body_keys')
      .addColumn('position', whole, (column) => column.notNull())
      .addColumn('item_day', whole, (column) => column.notNull())
      .addColumn('piece', whole, (column) => column.notNull())
      .addColumn('wrapped', bytes, (column) => column.notNull())
      .addPrimaryKeyConstraint('body_keys_key', ['position', 'item_day', 'piece'])
      .modifyEnd(sql`partition by range (item_day)`),
    schema
      .createTable('erased_tables')
      .addColumn('name', text, (column) => column.primaryKey())
      .addColumn('since', whole, (column) => column.notNull()),
  ];
}

/** Day 0 is that of streams without one. Days that nobody made a partition for go to the default one. */
function partitions(db: Kysely<Schema>, table: 'events' | 'bodies' | 'body_keys'): SqlQuery[] {
  const parent = sql.table(table);
  const dayZero = `${table}_p0`;
  const others = `${table}_default`;
  const cut = table === 'body_keys' ? sql`partition by hash (piece)` : sql``;
  return [
    sql`create table ${sql.table(dayZero)} partition of ${parent} for values from (0) to (1) ${cut}`.compile(
      db,
    ),
    sql`create table ${sql.table(others)} partition of ${parent} default ${cut}`.compile(db),
    ...(table === 'body_keys' ? [dayZero, others].flatMap((keys) => keyPieces(db, keys, 16)) : []),
  ];
}

/** The tables of a table of keys that is cut by hash: each is written anew by itself, as fast as it is small. */
export function keyPieces(db: Kysely<Schema>, table: string, count: number): SqlQuery[] {
  const parent = sql.table(table);
  return Array.from({ length: count }, (_, n) =>
    sql`create table ${sql.table(`${table}_h${n}`)} partition of ${parent}
      for values with (modulus ${sql.lit(count)}, remainder ${sql.lit(n)})`.compile(db),
  );
}

/** Ciphertext does not get smaller: no time is spent on trying. */
export function uncompressed(db: Kysely<Schema>, table: keyof Schema, column: string): SqlQuery {
  return sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} set storage external`.compile(
    db,
  );
}

/** The planner's samples are copies of values, which no erasure of a row reaches. With the partitions that are there. */
export function unsampled(db: Kysely<Schema>, table: keyof Schema, column: string): SqlQuery {
  return sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} set statistics 0`.compile(db);
}
