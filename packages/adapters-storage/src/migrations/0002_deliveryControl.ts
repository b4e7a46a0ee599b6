import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Ddl } from './ddl.js';
import type { Migration } from './migration.js';

export const deliveryControl: Migration = {
  version: 2,
  name: 'delivery control',
  up: (db, ddl) => [
    ...ruleHealth(db, ddl),
    ...ruleVersions(db, ddl),
    ...deliveries(db, ddl),
    ...jobs(db, ddl),
  ],
};

function ruleHealth({ schema }: Kysely<Schema>, { whole, text }: Ddl) {
  const rules = () => schema.alterTable('callback_rules');
  return [
    rules().addColumn('health', text, (column) => column.notNull().defaultTo('healthy')),
    rules().addColumn('failing_since', whole),
    rules().addColumn('probes', whole),
    rules().addColumn('probe_at', whole),
    rules().addColumn('untold', whole, (column) => column.notNull().defaultTo(0)),
    schema
      .createIndex('callback_rules_untold')
      .on('callback_rules')
      .columns(['rule_id'])
      .where(sql<boolean>`untold = 1 and removed = 0`),
  ];
}

function ruleVersions(db: Kysely<Schema>, { whole, text }: Ddl) {
  const versions = () => db.schema.alterTable('callback_rule_versions');
  return [
    versions().addColumn('events', text),
    versions().addColumn('ordered', whole, (column) => column.notNull().defaultTo(0)),
    versions().addColumn('concurrency_max', whole),
    versions().addColumn('sealed_previous_secret', text),
    versions().addColumn('previous_secret_until', whole),
    versions().addColumn('tls', text),
    versions().addColumn('sealed_tls_key', text),
    // No attempt follows these any more.
    db
      .updateTable('callback_rule_versions as old')
      .set({ sealed_secret: null })
      .where((e) =>
        e.or([
          e.exists(
            e
              .selectFrom('callback_rule_versions as newer')
              .select('newer.version')
              .whereRef('newer.rule_id', '=', 'old.rule_id')
              .whereRef('newer.dialect', '=', 'old.dialect')
              .whereRef('newer.version', '>', 'old.version'),
          ),
          e('old.rule_id', 'in', e.selectFrom('callback_rules').select('rule_id').where('removed', '=', 1)),
        ]),
      ),
  ];
}

function deliveries({ schema }: Kysely<Schema>, { text }: Ddl) {
  return [
    // It was never NULL and meant nothing yet: no rule had an order.
    schema.alterTable('deliveries').dropColumn('order_key'),
    schema.alterTable('deliveries').addColumn('order_key', text),
    schema.dropIndex('deliveries_open'),
    // A worker looks at one rule at a time: what waits for another is never waded through.
    schema
      .createIndex('deliveries_open')
      .on('deliveries')
      .columns(['rule_id', 'due_at'])
      .where('due_at', 'is not', null),
    schema
      .createIndex('deliveries_order')
      .on('deliveries')
      .columns(['rule_id', 'order_key', 'first_position'])
      .where('order_key', 'is not', null),
    schema.alterTable('delivery_attempts').addColumn('url', text),
    schema.alterTable('delivery_attempts').addColumn('headers', text),
  ];
}

function jobs({ schema }: Kysely<Schema>, { whole, text, ends }: Ddl) {
  return [
    schema
      .createTable('redelivery_jobs')
      .addColumn('job_id', text, (column) => column.primaryKey().notNull())
      .addColumn('app_no', whole, (column) => column.notNull())
      .addColumn('selection', text, (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addColumn('queued', whole, (column) => column.notNull())
      .addColumn('finished_at', whole)
      .addColumn('place', text)
      .addColumn('turn', whole, (column) => column.notNull())
      .modifyEnd(ends.clustered),
    schema
      .createIndex('redelivery_jobs_age')
      .on('redelivery_jobs')
      .columns(['app_no', 'created_at', 'job_id']),
    schema
      .createIndex('redelivery_jobs_unfinished')
      .on('redelivery_jobs')
      .columns(['turn', 'app_no'])
      .where(sql<boolean>`finished_at is null`),
    schema
      .createIndex('redelivery_jobs_finished')
      .on('redelivery_jobs')
      .columns(['finished_at'])
      .where(sql<boolean>`finished_at is not null`),
    schema
      .createTable('feed_checkpoints')
      .addColumn('feed', text, (column) => column.primaryKey().notNull())
      .addColumn('position', whole, (column) => column.notNull())
      .modifyEnd(ends.clustered),
  ];
}
