import type { SqlQuery } from '../statements.js';

// Names of `erased_tables`, where whoever deletes a wrapped key says so.

const keysPrefix = 'body_keys/';

/** Of the keys of one day's bodies, in whichever partition they are. */
export const keysOfDay = (day: number): string => `${keysPrefix}${day}`;

/** The day that {@link keysOfDay} names; undefined for the name of a table. */
export function dayOfKeys(name: string): number | undefined {
  return name.startsWith(keysPrefix) ? Number(name.slice(keysPrefix.length)) : undefined;
}

/** The time is the database's, as is that of whoever compares it. A row that is there keeps its own. */
const insertNames = `
  insert into erased_tables (name, since)
  select name, floor(extract(epoch from clock_timestamp()) * 1000)::bigint from unnest($1::text[]) as given(name)
  on conflict do nothing`;

/** Says that keys were deleted, after they were, in the same transaction. */
export function erasedKeys(names: readonly string[]): SqlQuery {
  return { sql: insertNames, parameters: [names] };
}
