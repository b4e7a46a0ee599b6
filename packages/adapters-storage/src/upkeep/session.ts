import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { SqlQuery } from '../statements.js';
import { faultOf } from '../engines/postgresFaults.js';

/** A connection for work that may take long, on which the pool's time limits do not hold. */
export interface Session {
  /** @throws what `pg` throws; `onSession` makes it `Unavailable` or `DatabaseFault`. */
  run<R>(text: string, parameters?: readonly unknown[]): Promise<readonly R[]>;
  /** All of `work` or nothing of it. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * How long a lock is waited for: whoever comes later waits behind it. An autovacuum that stands in the way
 * gives in after a second.
 */
const lockTimeoutMs = 2_000;

/** Opens a session for the time of some work. */
export async function onSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'recalld upkeep',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    statement_timeout: 0,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
  });
  // The query that is under way says so too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(sessionOn(client));
  } catch (fault) {
    throw faultOf(fault);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function sessionOn(client: pg.Client): Session {
  return {
    run: async <R>(text: string, parameters: readonly unknown[] = []) =>
      (await client.query(text, [...parameters])).rows as R[],
    async transaction(work) {
      await client.query('begin');
      try {
        const result = await work();
        await client.query('commit');
        return result;
      } catch (fault) {
        // When the connection is gone, so is the transaction.
        await client.query('rollback').catch(() => undefined);
        throw fault;
      }
    },
  };
}

const attemptsMax = 3;
const pauseMs = 250;

/** Does what needs a lock that others may hold for long; false when nobody gave it up. */
export async function patiently(work: () => Promise<unknown>): Promise<boolean> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      await work();
      return true;
    } catch (fault) {
      if (!isLockTimeout(fault)) throw fault;
    }
    await delay(pauseMs);
  }
  return false;
}

/** Does what has a time limit, once; false when that, or the one for a lock, was too short. */
export async function wasEndedInTime(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (fault) {
    if (isLockTimeout(fault) || (fault instanceof pg.DatabaseError && fault.code === cancelled)) return false;
    throw fault;
  }
}

/** By `statement_timeout`, or by an administrator. */
const cancelled = '57014';

/** Others had a lock for too long, or wanted one of ours. */
function isLockTimeout(fault: unknown): boolean {
  return fault instanceof pg.DatabaseError && ['55P03', '40P01'].includes(fault.code ?? '');
}

/** Several queries, one after the other. */
export async function runAll(session: Session, queries: readonly SqlQuery[]): Promise<void> {
  for (const { sql, parameters } of queries) await session.run(sql, parameters);
}
