import { databaseNowText } from '../engines/databaseNow.js';
import type { SqlQuery } from '../statements.js';

// `erased_tables`, where whoever deletes a wrapped key notes the table that it was in.

/** The time is the database's, as is that of whoever compares it. A row that is there keeps its own. */
const noting = (names: string): string => `
  insert into erased_tables (name, since)
  select name, ${databaseNowText} from (${names}) as erased order by name
  on conflict do nothing`;

/**
 * Deletes keys, and notes the partitions that had them. These are locked before they are noted: whoever
 * writes one anew waits for this.
 * @param deletion without `returning`; the table of the keys goes by `k`
 */
export function deletingKeys(deletion: string, parameters: readonly unknown[]): SqlQuery {
  return {
    sql: `with gone as (${deletion} returning k.tableoid)
      ${noting('select distinct tableoid::regclass::text as name from gone')}`,
    parameters,
  };
}

/** The same for the keys of uploaded files and of their names. */
export function deletingAttachmentKeys(ids: readonly string[]): SqlQuery {
  return deletingKeys('delete from attachment_keys k where k.key_id = any($1::text[])', [ids]);
}

/** Says that keys left tables, after they did, in the same transaction. */
export function erasedKeys(tables: readonly string[]): SqlQuery {
  return { sql: noting('select name from unnest($1::text[]) as given(name)'), parameters: [tables] };
}
