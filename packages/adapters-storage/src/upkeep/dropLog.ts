import type { Clock, Log } from '@recalld/domain';
import { dayMs, endOf, partitionsOf } from './partitions.js';
import type { Partition } from './partitions.js';
import { patiently } from './session.js';
import type { Session } from './session.js';

export interface DropLogDeps {
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly logRetentionMs: number;
  /** Asked between two pieces of work. */
  readonly goOn: () => boolean;
}

/**
 * Drops the events of messages whose time in the log is over, and first the rows that were made of
 * them. Answers whether there is more to do now.
 */
export async function dropLog(session: Session, deps: DropLogDeps): Promise<boolean> {
  const { clock, log, logRetentionMs, goOn } = deps;
  const now = clock.now();
  for (const partition of await partitionsOf(session, 'events')) {
    if (endOf(partition) + logRetentionMs + dayMs > now) continue;
    if (await isNeeded(session, partition, now - logRetentionMs)) continue;
    if (!(await deleteRows(session, partition, goOn))) return true;
    const { name } = partition;
    const dropped = await patiently(() => session.run(`drop table ${name}`));
    if (dropped) log?.info({ partition: name }, 'a partition of the log was dropped: its time is over');
    if (!goOn()) return true;
  }
  return false;
}

/**
 * A late event stands with its message's first: a recall, say. What is to be delivered is read again. A late
 * acknowledgement keeps nothing, unless it has a text whose own time is not over.
 */
async function isNeeded(session: Session, { name }: Partition, after: number): Promise<boolean> {
  const [row] = await session.run<{ needed: boolean }>(
    `select exists (select from ${name} e where e.occurred_at > $1 and (e.type <> 'MessageAcknowledged'
         or exists (select from bodies b where b.position = e.position and b.payload is not null)))
       or exists (select from deliveries d join ${name} e on e.position = d.first_position
         where d.stage in ('behind', 'pending')) as needed`,
    [after],
  );
  return row?.needed === true;
}

const batchRows = 5_000;

/** Those of a span of positions; again after a crash, the first spans have none left. */
const deletions = (events: string): readonly string[] => [
  `delete from timeline_items where event_position in (
     select position from ${events} where position > $1 and position <= $2)`,
  `delete from attachment_refs r
   using ${events} e, json_array_elements_text(e.data::json -> 'attachments') as named(attachment)
   where e.position > $1 and e.position <= $2 and e.type = 'MessageSent'
     and r.app_no = e.app_no and r.attachment = named.attachment and r.msg_id = e.data::json ->> 'msgId'`,
];

/** Answers false when it was told to stop before the end. */
async function deleteRows(session: Session, { name }: Partition, goOn: () => boolean): Promise<boolean> {
  let after = '0';
  for (;;) {
    const [span] = await session.run<{ through: string | null }>(
      `select max(position) as through from (
         select position from ${name} where position > $1 order by position limit ${batchRows}) as batch`,
      [after],
    );
    const through = span?.through ?? null;
    if (through === null) return true;
    await session.transaction(async () => {
      for (const deletion of deletions(name)) await session.run(deletion, [after, through]);
    });
    after = through;
    if (!goOn()) return false;
  }
}
