import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Ddl } from './ddl.js';
import type { Migration } from './migration.js';

export const devices: Migration = {
  version: 4,
  name: 'devices',
  up: (db, ddl) => [
    ...deviceTables(db, ddl),
    ...queues(db, ddl),
    ...deletions(db, ddl),
    ...retryKeys(db, ddl),
    ...restraints(db, ddl),
    formerUsers(db, ddl),
  ],
};

function deviceTables({ schema }: Kysely<Schema>, { whole, text, lastingIdentity, ends }: Ddl) {
  return [
    schema
      .createTable('devices')
      .addColumn('device_no', whole, lastingIdentity)
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('device', text, (column) => column.notNull())
      .addColumn('platform', text, (column) => column.notNull())
      .addColumn('session', text)
      .addColumn('node', text)
      .addColumn('last_seen_at', whole, (column) => column.notNull())
      .addColumn('superseded', whole, (column) => column.notNull())
      .addUniqueConstraint('devices_name', ['app_no', 'user', 'device'])
      .modifyEnd(ends.counters),
    // For those that may be forgotten: never each user's last one.
    schema
      .createIndex('devices_superseded')
      .on('devices')
      .column('last_seen_at')
      .where(sql<boolean>`superseded = 1`),
    schema
      .createTable('device_cursors')
      .addColumn('device_no', whole, (column) => column.notNull())
      .addColumn('timeline_no', whole, (column) => column.notNull())
      .addColumn('position', whole, (column) => column.notNull())
      .addColumn('messages', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('device_cursors_key', ['device_no', 'timeline_no'])
      .modifyEnd(ends.clusteredCounters),
  ];
}

/** Messages of a queue are found by their MsgSeq, which is indexed already; notices need an index of their own. */
function queues({ schema }: Kysely<Schema>, { whole }: Ddl) {
  return [
    schema
      .createIndex('timeline_items_notices')
      .on('timeline_items')
      .columns(['timeline_no', 'position'])
      .where(sql.ref('kind'), '<>', sql.lit('message')),
    schema.alterTable('members').addColumn('from_messages', whole, (column) => column.notNull().defaultTo(0)),
    schema.alterTable('chats').addColumn('members_version', whole, (column) => column.notNull().defaultTo(0)),
    schema
      .alterTable('conversations')
      .addColumn('read_through', whole, (column) => column.notNull().defaultTo(0)),
  ];
}

/** A conversation is read again and again: its deletions are found among many events. None has a day of its own. */
function deletions({ schema }: Kysely<Schema>, { kind, whole, text, ends }: Ddl) {
  const marks = ['roam_sent_through', 'roam_sent_seq'].map((name) =>
    schema.alterTable('conversations').addColumn(name, whole, (column) => column.notNull().defaultTo(0)),
  );
  return [
    ...marks,
    schema
      .createTable('roaming_deletions')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('timeline', text, (column) => column.notNull())
      .addColumn('message_seq', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('roaming_deletions_key', ['app_no', 'user', 'timeline', 'message_seq'])
      .modifyEnd(ends.clustered),
    schema
      .createIndex('events_deletions')
      .on(kind === 'postgres' ? 'events_p0' : 'events')
      .columns(['stream_day', 'app_no', 'stream', 'version'])
      .where(sql<boolean>`type in ('ConversationDeleted', 'RoamingDeleted')`),
  ];
}

/** What keeps clients from sending. */
function restraints({ schema }: Kysely<Schema>, { whole, text, lastingIdentity, ends }: Ddl) {
  return [
    schema
      .createTable('restraints')
      .addColumn('restraint_no', whole, lastingIdentity)
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('scope', text, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('until_at', whole)
      .addUniqueConstraint('restraints_key', ['app_no', 'scope', 'user'])
      .modifyEnd(ends.plain),
    // Those that have ended go when somebody else is restrained there.
    schema
      .createIndex('restraints_ended')
      .on('restraints')
      .columns(['app_no', 'scope', 'until_at'])
      .where(sql.ref('until_at'), 'is not', null),
    schema.alterTable('chats').addColumn('disabled', whole, (column) => column.notNull().defaultTo(0)),
  ];
}

function formerUsers({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return schema
    .createTable('former_users')
    .addColumn('app_no', whole, (column) => column.notNull())
    .addColumn('user', text, (column) => column.notNull())
    .addColumn('through', whole, (column) => column.notNull())
    .addPrimaryKeyConstraint('former_users_key', ['app_no', 'user'])
    .modifyEnd(ends.clustered);
}

function retryKeys({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema
      .createTable('retry_keys')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('retry_key', text, (column) => column.notNull())
      .addColumn('msg_id', text, (column) => column.notNull())
      .addColumn('sent_at', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('retry_keys_key', ['app_no', 'retry_key'])
      .modifyEnd(ends.clustered),
    schema.createIndex('retry_keys_age').on('retry_keys').column('sent_at'),
  ];
}
