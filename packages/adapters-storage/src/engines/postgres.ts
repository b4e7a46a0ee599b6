import { createHash } from 'node:crypto';
import { assert, Unavailable } from '@recalld/domain';
import type { Log } from '@recalld/domain';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { PoolClient } from 'pg';
import type { Schema } from '../schema.js';
import { allRowsAtOnce, bindLists } from '../statements.js';
import { driveAsync, isEach } from '../steps.js';
import type { Answer, Request, Steps } from '../steps.js';
import type { Database } from './database.js';
import { databaseNow } from './databaseNow.js';
import {
  conflictOf,
  describeFault,
  faultOf,
  isRace,
  OutcomeUnknown,
  uniqueKeyOf,
  withoutValues,
} from './postgresFaults.js';
import { createPatience, readPatiently } from './postgresPatience.js';
import { planByIndex } from './postgresPlans.js';
import { lastTaken, logHorizon, sequencePositions } from './postgresPositions.js';
import { takeTurns } from './postgresTurns.js';

/** Everything that is PostgreSQL's own. */
export interface PostgresEngine extends Database {
  /** One query outside of any transaction, not prepared: for what Kysely has no words for. */
  run(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** Holds credentials: never logged. */
  readonly url: string;
  readonly log: Log | undefined;
}

/** Connections of one node. Commands need one at a time, everything else shares the others. */
const connectionsMax = 10;

const snapshot = 'begin isolation level repeatable read read only';
const serializable = 'begin isolation level serializable';
const guarded = 'begin isolation level read committed';
const relaxed = `${guarded}; set local synchronous_commit = off`;

/** Whole numbers of rows are positions, counts and ms: all below 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    const parser: unknown = pg.types.getTypeParser(oid, format ?? 'text');
    return oid === int8Oid ? Number : parser;
  },
};
const int8Oid = 20;

export function openPostgres({ url, log }: PostgresOptions): PostgresEngine {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'recalld',
    max: connectionsMax,
    // Requests that do not depend on each other go out together.
    pipeline: true,
    types: types,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 10_000,
    lock_timeout: 5_000,
    // A node that stands still in a transaction gives its locks back.
    idle_in_transaction_session_timeout: 10_000,
    // The last resort, for a server that stands still.
    query_timeout: 12_000,
  });
  pool.on('error', (fault) => log?.warn({ fault: describeFault(fault) }, 'a database connection was lost'));
  // One that is lost while it is lent, between two queries: the next query says so. Unheard it would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    planByIndex(client);
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: shared(pool) }) });
  const patiently = createPatience();

  return {
    db,
    statements: allRowsAtOnce(db),
    words: {
      greatest: (a, b) => sql`greatest(${a}, ${b})`,
      forUpdate: sql`for update`,
      forNoKeyUpdate: sql`for no key update`,
      forUpdateSkipLocked: sql`for update skip locked`,
      forKeyShare: sql`for key share`,
      takeTurns,
      now: () => databaseNow,
    },
    read: (work) => readPatiently(() => within(pool, snapshot, work)),
    write: (work) => patiently((limits) => within(pool, serializable + limits, work), isLostOrTaken),
    writeGuarded: (work) => patiently((limits) => within(pool, guarded + limits, work), isRace),
    commit: (work) => within(pool, guarded, work),
    writeRelaxed: (work) => patiently((limits) => within(pool, relaxed + limits, work), isRace),
    positions: sequencePositions,
    contentErased: () => undefined,
    logHorizon: () =>
      readPatiently(() =>
        onConnection(pool, (client) => driveAsync(logHorizon(), (request) => answer(client, request))),
      ),
    lastTaken,
    conflictOf,
    run: (text) =>
      readPatiently(() => onConnection(pool, async (client) => (await ask(client, text)).rows as never)),
    // Kysely ends a pool only when it has used it.
    close: () => pool.end(),
  };
}

/** The pool as Kysely uses it, with faults as everybody else gets them. */
function shared(pool: pg.Pool) {
  return {
    connect: async () => {
      const client = await connect(pool);
      return {
        query: (text: string, parameters: readonly unknown[]) =>
          readPatiently(() => ask(client, text, parameters.map(bound))),
        release: () => client.release(),
      };
    },
    end: () => Promise.resolve(),
  } as unknown as ConstructorParameters<typeof PostgresDialect>[0] extends { pool: infer P } ? P : never;
}

async function connect(pool: pg.Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (fault) {
    throw new Unavailable(`the database cannot be reached: ${describeFault(fault)}`, {
      cause: withoutValues(fault),
    });
  }
}

async function onConnection<T>(pool: pg.Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

type QueryConfig = pg.QueryConfig & { readonly rowMode?: 'array' };

/** @throws Unavailable when the server is away, else `DatabaseFault`. */
async function ask(client: PoolClient, query: string | QueryConfig, values?: unknown[]) {
  try {
    return await (values === undefined ? client.query(query as QueryConfig) : client.query(query, values));
  } catch (fault) {
    throw faultOf(fault);
  }
}

/** Text cannot hold U+0000 there. */
function bound(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
  if (!Array.isArray(value)) return value;
  // A list is of one kind, nulls aside.
  const first: unknown = value.find((each) => each !== null);
  return typeof first === 'string' ? value.map(bound) : value;
}

const names = new Map<string, string>();

/** Statements that run often are prepared once per connection, under a name. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 24);
  names.set(text, name);
  return name;
}

async function answer(client: PoolClient, request: Request): Promise<Answer> {
  if (isEach(request)) {
    const { statement, parameters } = request;
    if (parameters.length === 0) return { rows: [], changes: 0 };
    const query = {
      name: nameOf(statement.sql),
      text: statement.sql,
      values: bindLists(statement, parameters as never[]).map(bound),
      ...(statement.asTuples ? { rowMode: 'array' as const } : {}),
    };
    return answerOf(await ask(client, query));
  }
  const { sql: text, parameters } = 'compile' in request ? request.compile() : request;
  return answerOf(await ask(client, text, parameters.map(bound)));
}

function answerOf({ rows: found, rowCount }: pg.QueryResult): Answer {
  return { rows: found as unknown[], changes: rowCount ?? 0 };
}

/** Runs steps in a transaction of their own. */
async function within<T>(pool: pg.Pool, begin: string, work: () => Steps<T>): Promise<T> {
  const client = await connect(pool);
  let committing = false;
  try {
    const begun = ask(client, begin);
    // It goes out with the first step; its fault is that step's too.
    begun.catch(() => undefined);
    const result = await driveAsync(work(), (request) => answer(client, request));
    await begun;
    committing = true;
    const { command } = await ask(client, 'commit');
    assert(command === 'COMMIT', `a transaction ended with ${command}`);
    client.release();
    return result;
  } catch (fault) {
    await giveBack(client, fault);
    if (committing && fault instanceof Unavailable) throw new OutcomeUnknown(fault.message, { cause: fault });
    throw fault;
  }
}

/** A connection that is not known to be idle and well is not used again. */
async function giveBack(client: PoolClient, fault: unknown): Promise<void> {
  if (fault instanceof Unavailable) return client.release(true);
  await ask(client, 'rollback').then(
    () => client.release(),
    () => client.release(true),
  );
}

/** A key that somebody else inserted meanwhile is a race too: the write looks before it inserts. */
function isLostOrTaken(fault: unknown): boolean {
  return isRace(fault) || uniqueKeyOf(fault) !== undefined;
}
