import { sql } from 'kysely';

/** The time of a PostgreSQL database at the moment that it comes to this word, whole ms. */
export const databaseNow = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;
