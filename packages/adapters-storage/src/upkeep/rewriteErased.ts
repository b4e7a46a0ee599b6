import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@recalld/domain';
import { wasEndedInTime } from './session.js';
import type { Session } from './session.js';

// A deleted row stays in its table's file until the file is written anew. Whoever deletes a key puts the
// table's name into `erased_tables`; here the name is first changed into a claim, and the claim goes once
// the table was written. An erasure that found the old name there had locked the table before, so the
// rewriting waits for it; a later one puts the name in again.

/** Two numbers: a lock that is named by one is never the same. It ends with the session. */
const rewritingLock = `${0x70617274}, 2`;

const claimPrefix = 'rewriting/';

/** Gathers the erasures of some time: a table is written anew no more often than that. */
export const rewriteAfterMs = 240_000;
/** The stated time, within which nothing is left in a file of a table. */
const statedMs = 600_000;

/** Whoever wants the table waits behind whoever waits for it, and then for the rewriting: both have an end. */
const lockTimeoutMs = 1_000;
const rewriteMaxMs = 3_000;
/** Between two tables, but at least as long as the last one took: the others come first. */
const pauseMinMs = 20;

const claiming = `
  with taken as (
    delete from erased_tables
    where not starts_with(name, '${claimPrefix}') and since <= extract(epoch from clock_timestamp()) * 1000 - $1
    returning name, since
  )
  insert into erased_tables (name, since) select '${claimPrefix}' || name, since from taken
  on conflict (name) do update set since = least(erased_tables.since, excluded.since)`;

const claimed = `
  select substr(name, ${claimPrefix.length + 1}) as name,
    extract(epoch from clock_timestamp()) * 1000 - since > ${statedMs} as late
  from erased_tables where starts_with(name, '${claimPrefix}') order by since, name`;

interface Claim {
  readonly name: string;
  readonly late: boolean;
}

/** `left`: something has to wait, for whoever holds a table or sees an older state. `more`: there was no time for all. */
export type Rewritten = 'all' | 'left' | 'more';

/**
 * Writes the tables anew from which keys were deleted at least `afterMs` ago, one at a time. What cannot be
 * done now stays claimed for the next time. `goOn` is asked between two tables.
 */
export async function rewriteErased(
  session: Session,
  log: Log | undefined,
  afterMs: number,
  goOn: () => boolean = () => true,
): Promise<Rewritten> {
  const [lock] = await session.run<{ taken: boolean }>(
    `select pg_try_advisory_lock(${rewritingLock}) as taken`,
  );
  if (lock?.taken !== true) return 'left';
  await session.run(`set lock_timeout = ${lockTimeoutMs}; set statement_timeout = ${rewriteMaxMs}`);
  await session.run(claiming, [afterMs]);
  const claims = await session.run<Claim>(claimed);
  if (claims.length === 0) return 'all';
  const horizon = await waitForOlder(session);
  let left = 0;
  for (const { name, late } of claims) {
    if (!goOn()) return 'more';
    const start = performance.now();
    if (await rewrite(session, name, horizon)) {
      await session.run('delete from erased_tables where name = $1', [claimPrefix + name]);
    } else {
      left += 1;
      if (late) log?.warn({ table: name }, 'erased keys are still in the file: it cannot be written anew');
    }
    await delay(Math.max(pauseMinMs, performance.now() - start));
  }
  return left === 0 ? 'all' : 'left';
}

const waitsMax = 20;
const waitMs = 100;

/**
 * The number of a transaction behind all that deleted the claimed keys. Rows that an older transaction
 * may still see are carried over by a rewriting, so those are waited for, a while.
 */
async function waitForOlder(session: Session): Promise<string> {
  const [own] = await session.run<{ xid: string }>('select pg_current_xact_id()::text as xid');
  const horizon = own?.xid ?? '0';
  for (let wait = 0; wait < waitsMax; wait += 1) {
    const [row] = await session.run<{ over: boolean }>(
      'select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as over',
      [horizon],
    );
    if (row?.over === true) break;
    await delay(waitMs);
  }
  return horizon;
}

/** A rewriting sets this to the oldest transaction whose deleted rows it had to carry over. */
const isClean = `
  select pg_snapshot_xmax(pg_current_snapshot())::text::bigint - age(relfrozenxid) >= $2::bigint as clean
  from pg_class where oid = to_regclass($1)`;

/** Answers whether no deleted row of a transaction before the horizon is left in the table's files. */
async function rewrite(session: Session, table: string, horizon: string): Promise<boolean> {
  // A table that was dropped has no file.
  if ((await session.run(isClean, [table, horizon])).length === 0) return true;
  if (!(await wasEndedInTime(() => session.run(`vacuum (full) ${table}`)))) return false;
  const [row] = await session.run<{ clean: boolean }>(isClean, [table, horizon]);
  return row?.clean !== false;
}
