import type { Cursor, Page } from '../../ports/timelineReader.js';

/** Where a row stands in its list, compared part by part; rows are listed in ascending order. */
export type Place = readonly (number | string)[];

/**
 * One page of rows in order of their places. A cursor names the place of the last row given, so rows
 * that came or went meanwhile neither repeat others nor hide them; a foreign one reads as the start.
 */
export function paged<T>(
  rows: readonly T[],
  placeOf: (row: T) => Place,
  from: Cursor | undefined,
  limit: number,
): Page<T> {
  const after = from === undefined ? undefined : placeFrom(from);
  const ordered = rows
    .map((row) => ({ row, place: placeOf(row) }))
    .sort((a, b) => compare(a.place, b.place))
    .filter(({ place }) => after === undefined || compare(place, after) > 0);
  const page = ordered.slice(0, limit);
  const last = page.at(-1);
  const entities = page.map(({ row }) => row);
  if (last === undefined || page.length === ordered.length) return { entities };
  return { entities, cursor: JSON.stringify(last.place) };
}

function placeFrom(cursor: Cursor): Place | undefined {
  try {
    const parsed: unknown = JSON.parse(cursor);
    return Array.isArray(parsed) && parsed.every(isPart) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isPart(part: unknown): part is number | string {
  return typeof part === 'number' || typeof part === 'string';
}

function compare(a: Place, b: Place): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined || part > other) return 1;
    if (part < other) return -1;
  }
  return 0;
}
