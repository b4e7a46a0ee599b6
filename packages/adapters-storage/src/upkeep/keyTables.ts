import type { Session } from './session.js';

// The keys of a day lie in several tables, each of which is written anew by itself.

const piecesMin = 16;
const piecesMax = 256;
/** Half of what is written anew in 200 ms: a day may have twice as many messages as the ones before it. */
const pieceRows = 100_000;

/** As many tables as the largest day so far calls for. */
export async function piecesOfDay(session: Session): Promise<number> {
  const [largest] = await session.run<{ rows: number }>(`
    select coalesce(max(day.rows), 0)::float8 as rows from (
      select sum(greatest(c.reltuples, 0)) as rows
      from pg_partition_tree('body_keys') t join pg_class c on c.oid = t.relid
      where t.isleaf group by t.parentrelid
    ) as day`);
  return piecesFor(largest?.rows ?? 0);
}

/** A power of two, for a day of as many messages. */
export function piecesFor(rows: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, rows / pieceRows)));
  return Math.min(Math.max(wanted, piecesMin), piecesMax);
}

/** Makes the tables of a day's keys, of which no sample is taken: the planner's statistics are copies of values. */
export function creatingKeys(name: string, pieces: number): string {
  const tables = Array.from(
    { length: pieces },
    (_, n) =>
      `create table ${name}_h${n} partition of ${name} for values with (modulus ${pieces}, remainder ${n})`,
  );
  return [
    `create table ${name} (like body_keys including storage) partition by hash (piece)`,
    ...tables,
    `alter table ${name} alter column wrapped set statistics 0`,
  ].join(';\n');
}

/** The names of a day's tables. */
export async function piecesOf(session: Session, name: string): Promise<readonly string[]> {
  const rows = await session.run<{ name: string }>(
    'select relid::regclass::text as name from pg_partition_tree($1::regclass) where isleaf',
    [name],
  );
  return rows.map((row) => row.name);
}
