import type { Position } from '@recalld/domain';
import { itemKinds } from '../commands/readModels.js';
import type { TimelineItemsTable } from '../schema.js';

/** How the rows that are there differ from those that should be. */
export interface Differences {
  readonly missing: readonly TimelineItemsTable[];
  /** As they should be. */
  readonly wrong: readonly TimelineItemsTable[];
  /** Rows that should not be there. */
  readonly extra: readonly TimelineItemsTable[];
}

const columns = Object.keys(itemKinds) as (keyof typeof itemKinds)[];

export function differences(
  wanted: readonly TimelineItemsTable[],
  found: readonly TimelineItemsTable[],
): Differences {
  const foundAt = new Map<Position, TimelineItemsTable>(found.map((row) => [row.event_position, row]));
  const wantedAt = new Set(wanted.map((row) => row.event_position));
  return {
    missing: wanted.filter((row) => !foundAt.has(row.event_position)),
    wrong: wanted.filter((row) => {
      const there = foundAt.get(row.event_position);
      return there !== undefined && columns.some((column) => there[column] !== row[column]);
    }),
    extra: found.filter((row) => !wantedAt.has(row.event_position)),
  };
}
