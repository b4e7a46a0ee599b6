import type { RecordedEvent } from '../events.js';
import type { CommandId } from '../kernel/ids.js';
import type { Append } from '../ports/commandStore.js';
import type { DecidedUnit } from './decideUnit.js';
import type { WorkingSet } from './workingSet.js';

/** A unit that an earlier commit wrote after all, and what it recorded. */
export interface RecordedUnit extends DecidedUnit {
  readonly recorded: readonly RecordedEvent[];
}

/**
 * Which of the units that one submit tried to commit, never hearing whether it had, stands in the
 * log; undefined when none does. Events carry their submit's id, so the log tells, whatever happened
 * to the streams since: deciding the commands again might refuse what they did themselves.
 */
export function recordedBefore(
  commandId: CommandId,
  tried: readonly DecidedUnit[],
  set: WorkingSet,
): RecordedUnit | undefined {
  for (const decided of tried) {
    const { appends } = decided.unit;
    const recorded = appends.flatMap((append) => eventsOf(append, commandId, set));
    const wanted = appends.reduce((sum, { events }) => sum + events.length, 0);
    if (recorded.length === wanted) return { ...decided, recorded };
  }
  return undefined;
}

/** What the log has of an append; nothing when somebody else's events stand in its place. */
function eventsOf(
  { stream, expected, events }: Append,
  commandId: CommandId,
  set: WorkingSet,
): readonly RecordedEvent[] {
  return set
    .recorded(stream)
    .filter(
      (event) =>
        event.commandId === commandId &&
        event.version > expected &&
        event.version <= expected + events.length,
    );
}
