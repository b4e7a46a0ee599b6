import { assert, idEpochMs, Unavailable } from '@recalld/domain';
import type { IdSource, Log } from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import { databaseNow } from '../engines/databaseNow.js';
import { describeFault } from '../engines/postgresFaults.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { DatabaseClock } from './databaseClock.js';
import { IdMint, secondOf } from './idMint.js';
import type { NodeNumber } from './idMint.js';

/** Ten bits of an id. */
const nodeNoMax = 1_023;
const leaseMs = 20_000;
/** Shorter than the lease, whatever the answer's way took. */
const mintForMs = 15_000;
const renewMs = 5_000;
const retryMs = 1_000;

export interface NodeLeaseDeps {
  readonly database: Database;
  readonly clock: DatabaseClock;
  /** Names this process among all; never used again. */
  readonly owner: string;
  readonly log: Log | undefined;
}

/** A node's number among all nodes of a database, for as long as this process is in touch with it. */
export interface NodeLease {
  readonly ids: IdSource;
  /** Gives the number back. */
  close(): Promise<void>;
}

interface Held {
  readonly mint: IdMint;
  readonly no: number;
  /** By this process's own time since start. */
  goodUntil: number;
  reserved: number;
}

/**
 * Leases a node number and keeps it. Ids are minted under it for a shorter time than the lease lasts,
 * and never past the second that the row has reserved: whoever gets the number next begins after that.
 * A process that stood still mints nothing until it has a number again.
 */
export async function leaseNode(deps: NodeLeaseDeps): Promise<NodeLease> {
  const { clock, log } = deps;
  let held = await take(deps);
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> | undefined;
  let closed = false;

  async function renew(): Promise<void> {
    try {
      if (!(await prolong(deps, held))) {
        log?.warn({ node: held.no }, 'the node number was lost; another one is taken');
        held = await take(deps);
      }
      schedule(renewMs);
    } catch (fault) {
      log?.warn({ fault: describeFault(fault) }, 'the lease of the node number was not prolonged');
      schedule(retryMs);
    }
  }

  function schedule(ms: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      renewing = renew();
    }, ms);
    timer.unref();
  }
  schedule(renewMs);

  return {
    ids: {
      next() {
        if (closed || performance.now() > held.goodUntil) {
          throw new Unavailable(
            'this node has no number to mint ids with: it has lost touch with the database',
          );
        }
        return held.mint.next();
      },
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await renewing;
      await giveBack(deps, held, clock.now()).catch((fault: unknown) =>
        log?.warn(
          { fault: describeFault(fault) },
          'the node number was not given back; it is free when its lease ends',
        ),
      );
    },
  };
}

/** @throws when all numbers are taken, or the database is away. */
async function take(deps: NodeLeaseDeps): Promise<Held> {
  const asked = performance.now();
  const { number, reserved } = await timed(deps, () => takeNumber(deps));
  deps.log?.info({ node: number.no }, 'this node has its number');
  const held: Held = {
    no: number.no,
    goodUntil: asked + mintForMs,
    reserved,
    mint: new IdMint(number, deps.clock, (second) => {
      if (second > held.reserved)
        throw new Unavailable('the clock is ahead of what this node may mint ids for');
    }),
  };
  return held;
}

interface Timed {
  readonly now: number;
}

/** Runs a write that tells the database's time; the clock follows it. */
async function timed<T extends Timed>({ database, clock }: NodeLeaseDeps, work: () => Steps<T>): Promise<T> {
  const asked = clock.system.now();
  const result = await database.writeGuarded(work);
  clock.follow(result.now, asked, clock.system.now());
  return result;
}

function* takeNumber({
  database: { db, words },
  owner,
}: NodeLeaseDeps): Steps<Timed & { readonly number: NodeNumber; readonly reserved: number }> {
  const [told] = yield* rows<Timed>(sql`select ${databaseNow} as now`.compile(db));
  assert(told !== undefined, 'the database tells its time');
  const { now } = told;
  const reserved = secondOf(now + leaseMs);
  const lease = { owner, lease_until: now + leaseMs, last_second: reserved };
  // One whose ids are all in the past: what is minted next is not ahead of its time.
  const [free] = yield* rows(
    db
      .selectFrom('nodes')
      .select(['node_no', 'last_second'])
      .where('lease_until', '<=', now)
      .where('last_second', '<', secondOf(now))
      .orderBy('last_second')
      .limit(1)
      .modifyEnd(words.forUpdateSkipLocked),
  );
  if (free !== undefined) {
    yield db.updateTable('nodes').set(lease).where('node_no', '=', free.node_no);
    return { now, reserved, number: { no: free.node_no, lastSecond: free.last_second } };
  }
  // Only one node at a time makes a number.
  yield sql`lock table nodes in share row exclusive mode`.compile(db);
  const [last] = yield* rows(
    db.selectFrom('nodes').select((e) => e.fn.max<number | null>('node_no').as('no')),
  );
  const no = (last?.no ?? 0) + 1;
  if (no > nodeNoMax)
    throw new Unavailable(`all ${nodeNoMax} node numbers are taken; one is free within seconds`);
  yield db.insertInto('nodes').values({ node_no: no, ...lease });
  return { now, reserved, number: { no, lastSecond: 0 } };
}

/** False when somebody else has the number. */
async function prolong(deps: NodeLeaseDeps, held: Held): Promise<boolean> {
  const { database, owner } = deps;
  const { db } = database;
  const asked = performance.now();
  const { prolonged, reserved } = await timed(deps, function* () {
    const [row] = yield* rows(
      db
        .updateTable('nodes')
        .set({
          lease_until: sql<number>`${databaseNow} + ${leaseMs}`,
          last_second: sql<number>`greatest(last_second, ${secondAhead})`,
        })
        .where('node_no', '=', held.no)
        .where('owner', '=', owner)
        .returning('last_second')
        .returning(databaseNow.as('now')),
    );
    return row === undefined
      ? { prolonged: false, reserved: 0, now: deps.clock.now() }
      : { prolonged: true, reserved: row.last_second, now: row.now };
  });
  if (!prolonged) return false;
  held.goodUntil = asked + mintForMs;
  held.reserved = reserved;
  return true;
}

const secondAhead = sql<number>`((${databaseNow} + ${sql.lit(leaseMs)} - ${sql.lit(idEpochMs)}) / 1000)`;

async function giveBack({ database, owner }: NodeLeaseDeps, { no, mint }: Held, now: number): Promise<void> {
  await database.writeGuarded(function* () {
    yield database.db
      .updateTable('nodes')
      .set({ owner: null, lease_until: 0, last_second: Math.max(mint.second, secondOf(now)) })
      .where('node_no', '=', no)
      .where('owner', '=', owner);
  });
}
