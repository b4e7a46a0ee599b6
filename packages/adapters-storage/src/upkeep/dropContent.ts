import type { Clock, Instant, Log, Position } from '@recalld/domain';
import { expireBodies, heldMessage, isHeld, sinceEver, unwalked } from './expireBodies.js';
import type { Erased } from './expireBodies.js';
import { dayMs, dayZeroPartition, defaultPartition, endOf, partitionsOf } from './partitions.js';
import type { Partition } from './partitions.js';
import { patiently } from './session.js';
import type { Session } from './session.js';

/** What one run leaves to the next of the same process, so that it does not look at everything again. */
export interface ContentSeen {
  /** Partitions of which it was said that they stay, and for which message. */
  readonly kept: Map<string, Position>;
  /** By the name of the table. */
  readonly erased: Map<string, Erased>;
}

export const nothingSeen = (): ContentSeen => ({ kept: new Map(), erased: new Map() });

export interface DropContentDeps {
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly messageRetentionMs: number | null;
  readonly seen: ContentSeen;
  /** Asked between two pieces of work. */
  readonly goOn: () => boolean;
}

/**
 * Drops the content of days whose messages have all expired, keys first. What expired in a partition
 * that stays, because it holds others or has no days of its own, is erased row by row. Where nothing expires
 * any more, messages of another time may: of them none of the days goes as a whole. Answers whether there is
 * more to do now.
 */
export async function dropContent(session: Session, deps: DropContentDeps): Promise<boolean> {
  const { clock, messageRetentionMs } = deps;
  const now = clock.now();
  if (messageRetentionMs === null) return eraseIn(session, ['bodies'], sinceEver, now, deps);
  const kept: string[] = [];
  for (const partition of await duePartitions(session, now - messageRetentionMs)) {
    if (await stays(session, partition, now, deps)) kept.push(partition.name);
    else await drop(session, partition.name, deps);
    if (!deps.goOn()) return true;
  }
  const bodies = kept.filter((name) => !name.startsWith('body_keys'));
  const first = () => unwalked(now, now - messageRetentionMs);
  return eraseIn(session, [...dayless, ...bodies], first, now, deps);
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
  first: () => Erased,
  now: Instant,
  { seen, goOn }: DropContentDeps,
): Promise<boolean> {
  for (const table of tables) {
    const erased = seen.erased.get(table) ?? first();
    seen.erased.set(table, erased);
    if (!(await expireBodies(session, table, erased, now, goOn))) return true;
  }
  return false;
}

/** A partition that holds a message is not looked through again before that one has gone. */
async function stays(
  session: Session,
  { name, from, to }: Partition,
  now: Instant,
  { log, seen: { kept } }: DropContentDeps,
): Promise<boolean> {
  const known = kept.get(name);
  if (known !== undefined && (await isHeld(session, known, now))) return true;
  const held = await heldMessage(session, from, to, now);
  if (held === undefined) return false;
  if (known === undefined)
    log?.info({ partition: name }, 'a partition stays: it holds messages that have not expired');
  kept.set(name, held);
  return true;
}

async function drop(session: Session, name: string, { log }: DropContentDeps): Promise<void> {
  const dropped = await patiently(() => session.run(`drop table ${name}`));
  if (dropped) log?.info({ partition: name }, 'a partition was dropped: every message in it had expired');
}
