import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { Log } from '@recalld/domain';
import pg from 'pg';
import { withoutValues } from '../engines/postgresFaults.js';
import type { Schema } from '../schema.js';
import type { Query } from '../steps.js';
import type { SchemaTarget } from './target.js';

/** Two numbers: a lock that is named by one is never the same. */
const schemaLock = `${0x73636865}, 1`;

/**
 * A step takes as long as its tables are large, and so does waiting for somebody else's. But between
 * two queries nothing is waited for: whoever is idle stands still, and must not hold the others up.
 */
const settings = `
  select set_config(wanted.name, wanted.value, false)
  from (values ('statement_timeout', '0'), ('lock_timeout', '0'),
    ('idle_session_timeout', '60s'), ('idle_in_transaction_session_timeout', '60s')) as wanted (name, value)
  join pg_settings using (name)`;

/**
 * Does work on a PostgreSQL database's schema, on a connection of its own, while every other node that
 * would do the same waits.
 * @throws `DatabaseFault` when a table stays locked for ten seconds, what `pg` throws when the database is away
 */
export async function onPostgresSchema<T>(
  url: string,
  log: Log | undefined,
  work: (target: SchemaTarget) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'recalld schema',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  // The query that is under way says so too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await lockSchema(client, log);
    return await work(postgresTarget(client));
  } catch (fault) {
    throw withoutValues(fault);
  } finally {
    // Ends the lock with the session.
    await client.end();
  }
}

async function lockSchema(client: pg.Client, log: Log | undefined): Promise<void> {
  await client.query(settings);
  const { rows } = await client.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(${schemaLock}) as taken`,
  );
  if (rows[0]?.taken !== true) {
    log?.info({}, 'waits for another node, which is at the schema');
    await client.query(`select pg_advisory_lock(${schemaLock})`);
  }
  // Whoever waits for a table makes everybody behind wait too.
  await client.query("set lock_timeout = '10s'");
}

function postgresTarget(client: pg.Client): SchemaTarget {
  async function run<R>(query: Query<R>): Promise<readonly R[]> {
    const { sql, parameters } = 'compile' in query ? query.compile() : query;
    return (await client.query(sql, [...parameters])).rows as R[];
  }
  return {
    kind: 'postgres',
    db: createPostgresBuilder(),
    run,
    async transaction(queries) {
      await client.query('begin');
      try {
        for (const query of queries) await run(query);
        await client.query('commit');
      } catch (fault) {
        // When the connection is gone, so is the transaction.
        await client.query('rollback').catch(() => undefined);
        throw fault;
      }
    },
  };
}

/** Builds queries for PostgreSQL, and has no connection. */
function createPostgresBuilder(): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
