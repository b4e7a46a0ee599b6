import type { Clock, Log } from '@recalld/domain';
import { erasedKeys } from '../bodies/erasedKeys.js';
import {
  dayAt,
  dayColumns,
  defaultPartition,
  missingRanges,
  partitionName,
  partitionsOf,
  widthOf,
} from './partitions.js';
import type { Partition, PartitionedTable } from './partitions.js';
import { creatingKeys, piecesOf, piecesOfDay } from './keyTables.js';
import { patiently, runAll } from './session.js';
import type { Session } from './session.js';

export interface MakePartitionsDeps {
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly messageRetentionMs: number | null;
}

const tables = Object.keys(dayColumns) as PartitionedTable[];

/** Two numbers: a lock that is named by one is never the same. */
const partitionsLock = `${0x70617274}, 1`;

type Missing = Readonly<Record<PartitionedTable, readonly Omit<Partition, 'name'>[]>>;

/**
 * Makes the partitions of the next days. When somebody holds the log for too long, it is tried another
 * time: until then rows of days without a partition go to the default one, and move when theirs is made.
 */
export async function makePartitions(session: Session, deps: MakePartitionsDeps): Promise<void> {
  const { log } = deps;
  if (isNone(await missing(session, deps))) return;
  const made = await patiently(() =>
    session.transaction(async () => {
      // Nodes that start together: the second finds them there.
      await session.run(`select pg_advisory_xact_lock(${partitionsLock})`);
      const ranges = await missing(session, deps);
      for (const table of tables) await makeAll(session, table, ranges[table]);
    }),
  );
  if (!made) log?.warn({}, 'no partitions could be made: somebody holds the tables; tried again later');
}

async function missing(
  session: Session,
  { clock, messageRetentionMs }: MakePartitionsDeps,
): Promise<Missing> {
  const today = dayAt(clock.now());
  const rangesOf = async (table: PartitionedTable) =>
    missingRanges(table, await partitionsOf(session, table), today, widthOf(table, messageRetentionMs));
  return {
    events: await rangesOf('events'),
    bodies: await rangesOf('bodies'),
    body_keys: await rangesOf('body_keys'),
  };
}

const isNone = (ranges: Missing): boolean => tables.every((table) => ranges[table].length === 0);

const creating = (name: string, table: PartitionedTable): string =>
  `create table ${name} (like ${table} including storage)`;

async function makeAll(
  session: Session,
  table: PartitionedTable,
  ranges: Missing[PartitionedTable],
): Promise<void> {
  const [first] = ranges;
  if (first === undefined) return;
  const strays = await session.run<{ day: number }>(
    `select distinct ${dayColumns[table]}::int as day from ${defaultPartition(table)} where ${dayColumns[table]} >= $1`,
    [first.from],
  );
  const pieces = table === 'body_keys' ? await piecesOfDay(session) : 0;
  for (const range of ranges) {
    const name = partitionName(table, range);
    await session.run(table === 'body_keys' ? creatingKeys(name, pieces) : creating(name, table));
    if (strays.some(({ day }) => day >= range.from && day < range.to))
      await moveStrays(session, table, range);
    await session.run(
      `alter table ${table} attach partition ${name} for values from (${range.from}) to (${range.to})`,
    );
  }
}

/** Rows that came before their partition, with ids that others gave: they stand in nobody's way. */
async function moveStrays(
  session: Session,
  table: PartitionedTable,
  range: Omit<Partition, 'name'>,
): Promise<void> {
  const day = dayColumns[table];
  await session.run(
    `with moved as (delete from ${defaultPartition(table)} where ${day} >= $1 and ${day} < $2 returning *)
     insert into ${partitionName(table, range)} select * from moved`,
    [range.from, range.to],
  );
  // A key that moved has left a copy behind, which an erasure would not reach.
  if (table === 'body_keys')
    await runAll(session, [erasedKeys(await piecesOf(session, defaultPartition(table)))]);
}
