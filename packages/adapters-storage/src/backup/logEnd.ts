import type { CommandId, Instant, Position } from '@recalld/domain';
import type { Reads } from '../engines/database.js';

/** The last event of a log. */
export interface LogEnd {
  readonly position: Position;
  readonly commandId: CommandId;
  readonly at: Instant;
}

/** Of the whole log, or up to a position; undefined when there is none. */
export async function lastEventOf(
  { db }: Reads,
  through: Position = Number.MAX_SAFE_INTEGER,
): Promise<LogEnd | undefined> {
  const row = await db
    .selectFrom('events')
    .select(['position', 'command_id', 'occurred_at'])
    .where('position', '<=', through)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { position: row.position, commandId: row.command_id, at: row.occurred_at };
}
