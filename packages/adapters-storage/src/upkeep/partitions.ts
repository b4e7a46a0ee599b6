import { assert, idEpochMs } from '@recalld/domain';
import type { Instant } from '@recalld/domain';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Session } from './session.js';

export const dayMs = 86_400_000;

/** What is partitioned by the day in a message's id, and the column that has it. */
export const dayColumns = { events: 'stream_day', bodies: 'item_day', body_keys: 'item_day' } as const;
export type PartitionedTable = keyof typeof dayColumns;

/** A partition for days of their own: neither that of day 0 nor the default one. Both of those stay. */
export interface Partition {
  readonly name: string;
  /** The first day. */
  readonly from: number;
  /** The day after the last. */
  readonly to: number;
}

export const dayAt = (instant: Instant): number => Math.floor((instant - idEpochMs) / dayMs);
/** When a partition's last day is over. */
export const endOf = ({ to }: Partition): Instant => idEpochMs + to * dayMs;

export const defaultPartition = (table: PartitionedTable): string => `${table}_default`;
export const dayZeroPartition = (table: PartitionedTable): string => `${table}_p0`;
export const partitionName = (table: PartitionedTable, { from, to }: Omit<Partition, 'name'>): string =>
  `${table}_d${from}_${to}`;

interface Child {
  readonly name: string;
  readonly bound: string;
}

const children = `
  select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass`;

/** As PostgreSQL writes a range of whole numbers. */
const boundForm = /^FOR VALUES FROM \('?(\d+)'?\) TO \('?(\d+)'?\)$/;

/** The partitions of a table, oldest first. */
export async function partitionsOf(session: Session, table: PartitionedTable): Promise<readonly Partition[]> {
  return rangesOf(table, await session.run<Child>(children, [table]));
}

/** The days for which a table has partitions. */
export function* daysHeld(table: PartitionedTable): Steps<(day: number) => boolean> {
  const held = rangesOf(table, yield* rows<Child>({ sql: children, parameters: [table] }));
  return (day) => held.some(({ from, to }) => from <= day && day < to);
}

function rangesOf(table: PartitionedTable, found: readonly Child[]): readonly Partition[] {
  return found
    .filter(({ bound }) => bound !== 'DEFAULT')
    .map(({ name, bound }) => {
      const [, from, to] = boundForm.exec(bound) ?? [];
      assert(from !== undefined && to !== undefined, `partition ${name} has a range of days`);
      return { name, from: Number(from), to: Number(to) };
    })
    .filter(({ name }) => name !== dayZeroPartition(table))
    .sort((a, b) => a.from - b.from);
}

/**
 * How many days a partition has: what has expired waits for the last day of its own. Keys have one day
 * each, for a table of keys is written anew as a whole when one of them was erased.
 */
export function widthOf(table: PartitionedTable, messageRetentionMs: number | null): number {
  if (table === 'body_keys' || (messageRetentionMs ?? Infinity) <= 7 * dayMs) return 1;
  return (messageRetentionMs ?? Infinity) <= 90 * dayMs ? 7 : 30;
}

/** The keys of a day are many tables, and as many as the days before it call for. */
const aheadDaysMin: Readonly<Record<PartitionedTable, number>> = { events: 30, bodies: 30, body_keys: 7 };

/** The ranges that are missing: from the last one's end, or yesterday, to at least two widths and some days ahead. */
export function missingRanges(
  table: PartitionedTable,
  existing: readonly Partition[],
  today: number,
  width: number,
): readonly Omit<Partition, 'name'>[] {
  const until = today + Math.max(aheadDaysMin[table], 2 * width);
  const ranges: Omit<Partition, 'name'>[] = [];
  let from = existing.at(-1)?.to ?? today - 1;
  while (from < until) {
    // After a long time in which nothing ran, one partition covers all of it.
    const to = Math.max(from + width, today);
    ranges.push({ from, to });
    from = to;
  }
  return ranges;
}
