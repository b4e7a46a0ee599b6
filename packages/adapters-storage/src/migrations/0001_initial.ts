import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Migration } from './migration.js';

const strict = sql`strict`;
/** Rows stand in the order of their key, without a number of their own. */
const clustered = sql`strict, without rowid`;

export const initial: Migration = {
  version: 1,
  name: 'initial',
  up: (db) => [
    ...log(db),
    ...timelines(db),
    ...directory(db),
    ...attachments(db),
    ...callbacks(db),
    ...rest(db),
  ],
};

function log({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('events')
      .addColumn('position', 'integer', (column) => column.primaryKey())
      .addColumn('stream_day', 'integer', (column) => column.notNull())
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('stream', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('command_id', 'text', (column) => column.notNull())
      .addColumn('occurred_at', 'integer', (column) => column.notNull())
      .addColumn('timeline', 'text')
      .addColumn('timeline_position', 'integer')
      .addColumn('message_seq', 'integer')
      .addUniqueConstraint('events_stream', ['stream_day', 'app_no', 'stream', 'version'])
      .modifyEnd(strict),
    schema
      .createTable('bodies')
      .addColumn('position', 'integer', (column) => column.primaryKey())
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('item_id', 'text', (column) => column.notNull())
      .addColumn('format', 'text', (column) => column.notNull())
      .addColumn('payload', 'blob')
      .modifyEnd(strict),
    schema.createIndex('bodies_item').on('bodies').columns(['app_no', 'item_id']),
  ];
}

function timelines({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('timelines')
      .addColumn('timeline_no', 'integer', (column) => column.primaryKey())
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('timeline', 'text', (column) => column.notNull())
      .addColumn('head', 'integer', (column) => column.notNull())
      .addColumn('messages', 'integer', (column) => column.notNull())
      .addColumn('user_a', 'text')
      .addColumn('user_b', 'text')
      .addUniqueConstraint('timelines_name', ['app_no', 'timeline'])
      .modifyEnd(strict),
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
      .addColumn('event_position', 'integer', (column) => column.primaryKey())
      .addColumn('timeline_no', 'integer', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('message_seq', 'integer')
      .addColumn('author', 'text', (column) => column.notNull())
      .addColumn('content_kind', 'text')
      .addColumn('sent_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('flags', 'integer', (column) => column.notNull())
      .modifyEnd(strict),
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
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('user', 'text', (column) => column.notNull())
      .addColumn('timeline', 'text', (column) => column.notNull())
      .addColumn('list_through', 'integer', (column) => column.notNull())
      .addColumn('roam_through', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('conversations_key', ['app_no', 'user', 'timeline'])
      .modifyEnd(clustered),
  ];
}

function directory({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('apps')
      .addColumn('app_no', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('org', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('uuid', 'text', (column) => column.notNull())
      .addColumn('sdk_app_id', 'integer', (column) => column.unique())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('sealed_client_secret', 'text', (column) => column.notNull())
      .addColumn('sealed_sdk_app_key', 'text')
      .addColumn('sealed_token_key', 'text', (column) => column.notNull())
      .addColumn('token_epoch', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addUniqueConstraint('apps_appkey', ['org', 'name'])
      .modifyEnd(strict),
    schema
      .createTable('users')
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('user', 'text', (column) => column.notNull())
      .addColumn('uuid', 'text', (column) => column.notNull())
      .addColumn('nickname', 'text')
      .addColumn('password_hash', 'text', (column) => column.notNull())
      .addColumn('activated', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addColumn('modified_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('users_key', ['app_no', 'user'])
      .modifyEnd(clustered),
    // Groups and rooms share one space of ids.
    schema
      .createTable('chats')
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('chat', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('timeline', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('members_max', 'integer', (column) => column.notNull())
      .addColumn('custom', 'text', (column) => column.notNull())
      .addColumn('settings', 'text', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('chats_key', ['app_no', 'chat'])
      .addUniqueConstraint('chats_timeline', ['app_no', 'timeline'])
      .modifyEnd(clustered),
    schema.createIndex('chats_age').on('chats').columns(['app_no', 'kind', 'created_at', 'chat']),
    ...members({ schema }),
  ];
}

function members({ schema }: Pick<Kysely<Schema>, 'schema'>) {
  return [
    schema
      .createTable('members')
      .addColumn('member_no', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('timeline', 'text', (column) => column.notNull())
      .addColumn('user', 'text', (column) => column.notNull())
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('from_position', 'integer', (column) => column.notNull())
      .addColumn('through_position', 'integer')
      .modifyEnd(strict),
    schema.createIndex('members_user').on('members').columns(['app_no', 'user', 'timeline']),
    schema
      .createIndex('members_present')
      .unique()
      .on('members')
      .columns(['app_no', 'timeline', 'user'])
      .where(sql.ref('through_position'), 'is', null),
  ];
}

function attachments({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('attachments')
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('attachment', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('secret_hash', 'text', (column) => column.notNull())
      .addColumn('restricted', 'integer', (column) => column.notNull())
      .addColumn('label_no', 'integer', (column) => column.notNull())
      .addColumn('size_bytes', 'integer', (column) => column.notNull())
      .addColumn('uploaded_at', 'integer', (column) => column.notNull())
      .addColumn('condemned_by', 'text')
      .addPrimaryKeyConstraint('attachments_key', ['app_no', 'attachment'])
      .modifyEnd(clustered),
    // A file's name is content: it stands by itself, in rows that never move, and goes in place like a body.
    schema
      .createTable('attachment_labels')
      .addColumn('label_no', 'integer', (column) => column.primaryKey())
      .addColumn('file_name', 'text')
      .addColumn('content_type', 'text')
      .modifyEnd(strict),
    schema.createIndex('attachments_age').on('attachments').columns(['state', 'uploaded_at']),
    schema
      .createTable('attachment_refs')
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('attachment', 'text', (column) => column.notNull())
      .addColumn('msg_id', 'text', (column) => column.notNull())
      .addColumn('live', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('attachment_refs_key', ['app_no', 'attachment', 'msg_id'])
      .modifyEnd(clustered),
  ];
}

function callbacks({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('callback_rules')
      .addColumn('rule_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('current_version', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addColumn('removed', 'integer', (column) => column.notNull())
      .modifyEnd(clustered),
    schema
      .createIndex('callback_rules_name')
      .unique()
      .on('callback_rules')
      .columns(['app_no', 'name'])
      .where(sql<boolean>`removed = 0`),
    schema
      .createTable('callback_rule_versions')
      .addColumn('rule_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('dialect', 'text', (column) => column.notNull())
      .addColumn('chat_types', 'text', (column) => column.notNull())
      .addColumn('enabled', 'integer', (column) => column.notNull())
      .addColumn('sealed_secret', 'text')
      .addPrimaryKeyConstraint('callback_rule_versions_key', ['rule_id', 'version'])
      .modifyEnd(clustered),
    schema
      .createTable('deliveries')
      .addColumn('app_no', 'integer', (column) => column.notNull())
      .addColumn('first_position', 'integer', (column) => column.notNull())
      .addColumn('rule_id', 'text', (column) => column.notNull())
      .addColumn('rule_version', 'integer', (column) => column.notNull())
      .addColumn('events', 'text', (column) => column.notNull())
      .addColumn('order_key', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('due_at', 'integer')
      .addColumn('lease_owner', 'text')
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('deliveries_key', ['app_no', 'first_position', 'rule_id'])
      .modifyEnd(clustered),
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
      .addColumn('first_position', 'integer', (column) => column.notNull())
      .addColumn('rule_id', 'text', (column) => column.notNull())
      .addColumn('n', 'integer', (column) => column.notNull())
      .addColumn('requested_at', 'integer', (column) => column.notNull())
      .addColumn('took_ms', 'real', (column) => column.notNull())
      .addColumn('status', 'integer')
      .addColumn('error', 'text')
      .addColumn('answer_head', 'text')
      .addPrimaryKeyConstraint('delivery_attempts_key', ['first_position', 'rule_id', 'n'])
      .modifyEnd(clustered),
  ];
}

function rest({ schema }: Kysely<Schema>) {
  return [
    schema
      .createTable('nodes')
      .addColumn('node_no', 'integer', (column) => column.primaryKey())
      .addColumn('last_second', 'integer', (column) => column.notNull())
      .modifyEnd(strict),
    schema
      .createTable('secrets')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .modifyEnd(clustered),
  ];
}
