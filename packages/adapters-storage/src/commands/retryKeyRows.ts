import { assert } from '@recalld/domain';
import type { AppNo, RecordedEvent, RetryKey, Unit } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import type { RetryKeysTable } from '../deviceTables.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';

export interface RetryKeyRows {
  /** Notes under which keys messages were sent: changes as many rows as it is for, unless a key is taken. */
  take(units: readonly Unit[], recorded: readonly (readonly RecordedEvent[])[]): Each;
  /** Under which of the asked keys something was sent. */
  readonly find: ReturnType<typeof finding>;
}

export function createRetryKeyRows(reads: Reads): RetryKeyRows {
  const insert = reads.statements.insert(
    'retry_keys',
    { app_no: 'whole', retry_key: 'text', msg_id: 'text', sent_at: 'whole' },
    sql`on conflict do nothing`,
  );
  return {
    take(units, recorded) {
      const taken = units.flatMap((unit, n) => rowsOf(unit, recorded[n] ?? []));
      // In one order everywhere: batches that share keys wait for each other, not both ways.
      taken.sort((a, b) => a.app_no - b.app_no || (a.retry_key < b.retry_key ? -1 : 1));
      return each(insert, taken);
    },
    find: finding(reads),
  };
}

function rowsOf({ app, retryKeys }: Unit, recorded: readonly RecordedEvent[]): readonly RetryKeysTable[] {
  return retryKeys.map(({ event, key }) => {
    const sent = recorded[event];
    assert(sent?.type === 'MessageSent', `event ${event} of the unit sends a message`);
    return { app_no: app, retry_key: key, msg_id: sent.data.msgId, sent_at: sent.data.sentAt };
  });
}

function finding({ db, statements }: Reads) {
  return statements.select<{ readonly app: AppNo; readonly key: RetryKey }>({ app: 'whole', key: 'text' })(
    ({ app, key }) =>
      db
        .selectFrom('retry_keys')
        .select(['app_no', 'retry_key', 'msg_id'])
        .where('app_no', '=', app)
        .where('retry_key', '=', key),
  );
}
