import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { keyPieces, log, uncompressed, unsampled } from './0001_log.js';
import type { Ddl } from './ddl.js';
import type { Migration } from './migration.js';

export const initial: Migration = {
  version: 1,
  name: 'initial',
  up: (db, ddl) => [
    ...log(db, ddl),
    ...timelines(db, ddl),
    ...directory(db, ddl),
    ...attachments(db, ddl),
    ...(ddl.kind === 'postgres' ? attachmentBytes(db, ddl) : []),
    ...callbacks(db, ddl),
    ...rest(db, ddl),
  ],
};

function timelines({ schema }: Kysely<Schema>, { whole, text, identity, ends }: Ddl) {
  return [
    schema
      .createTable('timelines')
      .addColumn('timeline_no', whole, identity)
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('timeline', text, (column) => column.notNull())
      .addColumn('head', whole, (column) => column.notNull())
      .addColumn('messages', whole, (column) => column.notNull())
      .addColumn('user_a', text)
      .addColumn('user_b', text)
      .addUniqueConstraint('timelines_name', ['app_no', 'timeline'])
      .modifyEnd(ends.counters),
    schema
      .createIndex('timelines_user_a')
      .on('timelines')
      .columns(['app_no', 'user_a'])
      .where('user_a', 'is not', null),
    schema
      .createIndex('timelines_user_b')
      .on('timelines')
      .columns(['app_no', 'user_b'])
      .where('user_b', 'is not', null),
    schema
      .createTable('timeline_items')
      .addColumn('event_position', whole, (column) => column.primaryKey())
      .addColumn('timeline_no', whole, (column) => column.notNull())
      .addColumn('position', whole, (column) => column.notNull())
      .addColumn('kind', text, (column) => column.notNull())
      .addColumn('message_seq', whole)
      .addColumn('author', text, (column) => column.notNull())
      .addColumn('content_kind', text)
      .addColumn('sent_at', whole, (column) => column.notNull())
      .addColumn('expires_at', whole)
      .addColumn('state', text, (column) => column.notNull())
      .addColumn('flags', whole, (column) => column.notNull())
      .modifyEnd(ends.plain),
    // Notices are in no index: history and lists show messages alone, so a recall writes none.
    schema
      .createIndex('timeline_items_sent')
      .on('timeline_items')
      .columns(['timeline_no', 'sent_at', 'position'])
      .where(sql.ref('kind'), '=', sql.lit('message')),
    schema
      .createIndex('timeline_items_seq')
      .on('timeline_items')
      .columns(['timeline_no', 'message_seq'])
      .where(sql.ref('kind'), '=', sql.lit('message')),
    schema
      .createIndex('timeline_items_expiring')
      .on('timeline_items')
      .columns(['expires_at'])
      .where(sql<boolean>`state = 'live' and expires_at is not null`),
    schema
      .createTable('conversations')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('timeline', text, (column) => column.notNull())
      .addColumn('list_through', whole, (column) => column.notNull())
      .addColumn('roam_through', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('conversations_key', ['app_no', 'user', 'timeline'])
      .modifyEnd(ends.clustered),
  ];
}

function directory(db: Kysely<Schema>, ddl: Ddl) {
  const { schema } = db;
  const { whole, text, lastingIdentity, ends } = ddl;
  return [
    schema
      .createTable('apps')
      .addColumn('app_no', whole, lastingIdentity)
      .addColumn('org', text, (column) => column.notNull())
      .addColumn('name', text, (column) => column.notNull())
      .addColumn('uuid', text, (column) => column.notNull())
      .addColumn('sdk_app_id', whole, (column) => column.unique())
      .addColumn('client_id', text, (column) => column.notNull())
      .addColumn('sealed_client_secret', text, (column) => column.notNull())
      .addColumn('sealed_sdk_app_key', text)
      .addColumn('sealed_token_key', text, (column) => column.notNull())
      .addColumn('token_epoch', whole, (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addUniqueConstraint('apps_appkey', ['org', 'name'])
      .modifyEnd(ends.plain),
    schema
      .createTable('users')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('uuid', text, (column) => column.notNull())
      .addColumn('nickname', text)
      .addColumn('password_hash', text, (column) => column.notNull())
      .addColumn('activated', whole, (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addColumn('modified_at', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('users_key', ['app_no', 'user'])
      .modifyEnd(ends.clustered),
    // Groups and rooms share one space of ids.
    schema
      .createTable('chats')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('chat', text, (column) => column.notNull())
      .addColumn('kind', text, (column) => column.notNull())
      .addColumn('timeline', text, (column) => column.notNull())
      .addColumn('type', text, (column) => column.notNull())
      .addColumn('name', text, (column) => column.notNull())
      .addColumn('description', text, (column) => column.notNull())
      .addColumn('owner', text, (column) => column.notNull())
      .addColumn('members_max', whole, (column) => column.notNull())
      .addColumn('custom', text, (column) => column.notNull())
      .addColumn('settings', text, (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('chats_key', ['app_no', 'chat'])
      .addUniqueConstraint('chats_timeline', ['app_no', 'timeline'])
      .modifyEnd(ends.clustered),
    schema.createIndex('chats_age').on('chats').columns(['app_no', 'kind', 'created_at', 'chat']),
    ...members(db, ddl),
  ];
}

function members({ schema }: Kysely<Schema>, { whole, text, lastingIdentity, ends }: Ddl) {
  return [
    schema
      .createTable('members')
      .addColumn('member_no', whole, lastingIdentity)
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('timeline', text, (column) => column.notNull())
      .addColumn('user', text, (column) => column.notNull())
      .addColumn('role', text, (column) => column.notNull())
      .addColumn('from_position', whole, (column) => column.notNull())
      .addColumn('through_position', whole)
      .modifyEnd(ends.plain),
    schema.createIndex('members_user').on('members').columns(['app_no', 'user', 'timeline']),
    schema
      .createIndex('members_present')
      .unique()
      .on('members')
      .columns(['app_no', 'timeline', 'user'])
      .where(sql.ref('through_position'), 'is', null),
  ];
}

function attachments({ schema }: Kysely<Schema>, { whole, text, identity, ends }: Ddl) {
  return [
    schema
      .createTable('attachments')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('attachment', text, (column) => column.notNull())
      .addColumn('state', text, (column) => column.notNull())
      .addColumn('secret_hash', text, (column) => column.notNull())
      .addColumn('restricted', whole, (column) => column.notNull())
      .addColumn('label_no', whole, (column) => column.notNull())
      .addColumn('size_bytes', whole, (column) => column.notNull())
      .addColumn('uploaded_at', whole, (column) => column.notNull())
      .addColumn('condemned_by', text)
      .addPrimaryKeyConstraint('attachments_key', ['app_no', 'attachment'])
      .modifyEnd(ends.clustered),
    // A file's name is content: it stands by itself, in rows that never move, and goes in place like a body.
    schema
      .createTable('attachment_labels')
      .addColumn('label_no', whole, identity)
      .addColumn('file_name', text)
      .addColumn('content_type', text)
      .modifyEnd(ends.plain),
    schema.createIndex('attachments_age').on('attachments').columns(['state', 'uploaded_at']),
    schema
      .createTable('attachment_refs')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('attachment', text, (column) => column.notNull())
      .addColumn('msg_id', text, (column) => column.notNull())
      .addColumn('live', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('attachment_refs_key', ['app_no', 'attachment', 'msg_id'])
      .modifyEnd(ends.clustered),
  ];
}

/** Where several nodes have no folder in common. */
function attachmentBytes(db: Kysely<Schema>, { whole, text, bytes }: Ddl) {
  return [
    db.schema
      .createTable('attachment_chunks')
      .addColumn('attachment', text, (column) => column.notNull())
      .addColumn('n', whole, (column) => column.notNull())
      .addColumn('bytes', bytes, (column) => column.notNull())
      .addPrimaryKeyConstraint('attachment_chunks_key', ['attachment', 'n']),
    uncompressed(db, 'attachment_chunks', 'bytes'),
    db.schema
      .createTable('attachment_keys')
      .addColumn('key_id', text, (column) => column.primaryKey())
      .addColumn('wrapped', bytes, (column) => column.notNull())
      .modifyEnd(sql`partition by hash (key_id)`),
    ...keyPieces(db, 'attachment_keys', 64),
    unsampled(db, 'attachment_keys', 'wrapped'),
    // For the time in which bytes are there, and perhaps no row that says whose they are.
    db.schema
      .createTable('attachment_uploads')
      .addColumn('attachment', text, (column) => column.primaryKey())
      .addColumn('stored_at', whole, (column) => column.notNull()),
    db.schema.createIndex('attachment_uploads_age').on('attachment_uploads').columns(['stored_at']),
  ];
}

function callbacks({ schema }: Kysely<Schema>, { whole, text, real, ends }: Ddl) {
  return [
    schema
      .createTable('callback_rules')
      .addColumn('rule_id', text, (column) => column.primaryKey().notNull())
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('name', text, (column) => column.notNull())
      .addColumn('current_version', whole, (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addColumn('removed', whole, (column) => column.notNull())
      .modifyEnd(ends.clustered),
    schema
      .createIndex('callback_rules_name')
      .unique()
      .on('callback_rules')
      .columns(['app_no', 'name'])
      .where(sql<boolean>`removed = 0`),
    schema
      .createTable('callback_rule_versions')
      .addColumn('rule_id', text, (column) => column.notNull())
      .addColumn('version', whole, (column) => column.notNull())
      .addColumn('name', text, (column) => column.notNull())
      .addColumn('url', text, (column) => column.notNull())
      .addColumn('dialect', text, (column) => column.notNull())
      .addColumn('chat_types', text, (column) => column.notNull())
      .addColumn('enabled', whole, (column) => column.notNull())
      .addColumn('sealed_secret', text)
      .addPrimaryKeyConstraint('callback_rule_versions_key', ['rule_id', 'version'])
      .modifyEnd(ends.clustered),
    schema
      .createTable('deliveries')
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('first_position', whole, (column) => column.notNull())
      .addColumn('rule_id', text, (column) => column.notNull())
      .addColumn('rule_version', whole, (column) => column.notNull())
      .addColumn('events', text, (column) => column.notNull())
      .addColumn('order_key', text, (column) => column.notNull())
      .addColumn('stage', text, (column) => column.notNull())
      .addColumn('attempts', whole, (column) => column.notNull())
      .addColumn('due_at', whole)
      .addColumn('lease_owner', text)
      .addColumn('created_at', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('deliveries_key', ['app_no', 'first_position', 'rule_id'])
      .modifyEnd(ends.queue),
    schema
      .createIndex('deliveries_open')
      .on('deliveries')
      .columns(['due_at'])
      .where('due_at', 'is not', null),
    schema
      .createIndex('deliveries_dead')
      .on('deliveries')
      .columns(['app_no', 'stage', 'first_position', 'rule_id'])
      .where(sql<boolean>`stage = 'dead'`),
    schema
      .createTable('delivery_attempts')
      .addColumn('first_position', whole, (column) => column.notNull())
      .addColumn('rule_id', text, (column) => column.notNull())
      .addColumn('n', whole, (column) => column.notNull())
      .addColumn('requested_at', whole, (column) => column.notNull())
      .addColumn('took_ms', real, (column) => column.notNull())
      .addColumn('status', whole)
      .addColumn('error', text)
      .addColumn('answer_head', text)
      .addPrimaryKeyConstraint('delivery_attempts_key', ['first_position', 'rule_id', 'n'])
      .modifyEnd(ends.clustered),
  ];
}

function rest({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema
      .createTable('nodes')
      .addColumn('node_no', whole, (column) => column.primaryKey())
      .addColumn('last_second', whole, (column) => column.notNull())
      .modifyEnd(ends.plain),
    schema
      .createTable('secrets')
      .addColumn('name', text, (column) => column.primaryKey().notNull())
      .addColumn('sealed', text, (column) => column.notNull())
      .modifyEnd(ends.clustered),
  ];
}
