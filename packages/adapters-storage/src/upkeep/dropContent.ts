import type { Clock, Instant, Log } from '@recalld/domain';
import { expireBodies, holdsMessages } from './expireBodies.js';
import { dayMs, dayZeroPartition, defaultPartition, endOf, partitionsOf } from './partitions.js';
import type { Partition } from './partitions.js';
import { patiently } from './session.js';
import type { Session } from './session.js';

export interface DropContentDeps {
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly messageRetentionMs: number | null;
  /** Names of partitions of which it was said that they stay. */
  readonly told: Set<string>;
  /** Asked between two pieces of work. */
  readonly goOn: () => boolean;
}

/**
 * Drops the content of days whose messages have all expired, keys first. What expired in a partition
 * that stays, because it holds others or has no days of its own, is erased row by row. Answers whether
 * there is more to do now.
 */
export async function dropContent(session: Session, deps: DropContentDeps): Promise<boolean> {
  const { clock, messageRetentionMs } = deps;
  const now = clock.now();
  if (messageRetentionMs === null) return eraseIn(session, await everyTable(session, now), now, deps.goOn);
  const kept: string[] = [];
  for (const { name, from, to } of await duePartitions(session, now - messageRetentionMs)) {
    if (await holdsMessages(session, from, to, now)) {
      kept.push(name);
      tellOfKept(name, deps);
    } else await drop(session, name, deps);
    if (!deps.goOn()) return true;
  }
  const bodies = kept.filter((name) => !name.startsWith('body_keys'));
  return eraseIn(session, [...dayless, ...bodies], now, deps.goOn);
}

/** Those of days that are over for longer than a day: a message may be sent a moment after its id was made. */
async function duePartitions(session: Session, expiredBefore: Instant): Promise<readonly Partition[]> {
  const all = [...(await partitionsOf(session, 'body_keys')), ...(await partitionsOf(session, 'bodies'))];
  return all.filter((partition) => endOf(partition) + dayMs <= expiredBefore);
}

const dayless = [defaultPartition('bodies'), dayZeroPartition('bodies')];

async function eraseIn(
  session: Session,
  tables: readonly string[],
  now: Instant,
  goOn: () => boolean,
): Promise<boolean> {
  for (const table of tables) if (!(await expireBodies(session, table, now, goOn))) return true;
  return false;
}

/** Where nothing expires any more, messages of another time may: then none of their days goes as a whole. */
async function everyTable(session: Session, now: Instant): Promise<readonly string[]> {
  const [expired] = await session.run(
    "select 1 from timeline_items where state = 'live' and expires_at is not null and expires_at <= $1 limit 1",
    [now],
  );
  if (expired === undefined) return [];
  return [...dayless, ...(await partitionsOf(session, 'bodies')).map(({ name }) => name)];
}

function tellOfKept(name: string, { log, told }: DropContentDeps): void {
  if (told.has(name)) return;
  told.add(name);
  log?.info({ partition: name }, 'a partition stays: it holds messages that have not expired');
}

async function drop(session: Session, name: string, { log }: DropContentDeps): Promise<void> {
  const dropped = await patiently(() => session.run(`drop table ${name}`));
  if (dropped) log?.info({ partition: name }, 'a partition was dropped: every message in it had expired');
}
