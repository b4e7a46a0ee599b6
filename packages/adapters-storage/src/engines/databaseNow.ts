import { sql } from 'kysely';

/** The time of a PostgreSQL database at the moment that it comes to this word, whole ms; as SQL text. */
export const databaseNowText = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** The same as a part of a query. */
export const databaseNow = sql.raw<number>(databaseNowText);
