import type { Cursor, Page } from '@recalld/domain';

/** Where a row stands in its list: the values that the list is ordered by. */
export type Place = readonly (number | string)[];

/** A place as text that says nothing to whoever carries it. */
function cursorOf(place: Place): Cursor {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

/** A longer one is none of ours. */
const cursorCharsMax = 1_024;

/**
 * The place in a cursor, when it has the shape of the list that is asked: the kinds of its parts.
 * Undefined for anything else: a cursor that was never given out reads as the start.
 */
export function placeIn<T extends readonly ('number' | 'string')[]>(
  cursor: Cursor | undefined,
  ...kinds: T
): { readonly [I in keyof T]: T[I] extends 'number' ? number : string } | undefined {
  if (cursor === undefined || cursor.length > cursorCharsMax) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(place) || place.length !== kinds.length) return undefined;
    if (!kinds.every((kind, index) => isOf(kind, place[index]))) return undefined;
    return place as unknown as { readonly [I in keyof T]: T[I] extends 'number' ? number : string };
  } catch {
    return undefined;
  }
}

/** Every number that a list is ordered by is a whole one; a database refuses others as what they are not. */
function isOf(kind: 'number' | 'string', part: unknown): boolean {
  return kind === 'number' ? Number.isSafeInteger(part) : typeof part === 'string';
}

/** One page of rows that were asked for with one more than `limit`. */
export function pageOf<T, U>(
  rows: readonly T[],
  limit: number,
  placeOf: (row: T) => Place,
  show: (row: T) => U,
): Page<U> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const entities = shown.map(show);
  return last === undefined || rows.length <= limit
    ? { entities }
    : { entities, cursor: cursorOf(placeOf(last)) };
}
