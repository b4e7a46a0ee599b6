import type { RetryKeys } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import { changes } from '../steps.js';

/** The command store writes the keys, each with its message. */
export function createRetryKeys(database: Database): RetryKeys {
  const { db, words } = database;
  return {
    find: (app, key) =>
      db
        .selectFrom('retry_keys')
        .select(['msg_id as msgId', 'sent_at as sentAt'])
        .where('app_no', '=', app)
        .where('retry_key', '=', key)
        .executeTakeFirst(),
    forget: (sentBefore, limit) => {
      const old = db
        .selectFrom('retry_keys')
        .select(['app_no', 'retry_key'])
        .where('sent_at', '<', sentBefore)
        .orderBy('sent_at')
        .limit(limit)
        .modifyEnd(words.forUpdateSkipLocked)
        .$asTuple('app_no', 'retry_key');
      const forgotten = db
        .deleteFrom('retry_keys')
        .where((e) => e(e.refTuple('app_no', 'retry_key'), 'in', old));
      return database.writeRelaxed(() => changes(forgotten));
    },
  };
}
