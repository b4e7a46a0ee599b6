import { limits } from '@recalld/domain';
import type { Cursor, Page } from '@recalld/domain';
import { queryText } from '../route.js';
import type { Call, JsonAnswer, JsonSchema } from '../route.js';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';

export interface ListQuery {
  readonly limit: number;
  readonly from?: Cursor;
}

const cursorCharsMax = 512;

/** The query parameters of every list. A cursor that no page gave starts from the beginning. */
export const listQuerySchemas: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: limits.pageRowsMax, default: limits.pageRowsDefault },
  cursor: { type: 'string', maxLength: cursorCharsMax, description: 'The `cursor` of the page before.' },
};

export function readListQuery(call: Call): Checked<ListQuery> {
  const text = queryText(call, 'limit') ?? String(limits.pageRowsDefault);
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > limits.pageRowsMax) {
    return bad(`Send a whole number from 1 to ${limits.pageRowsMax} as limit.`);
  }
  const from = queryText(call, 'cursor');
  if (from === undefined) return good({ limit });
  if (from.length > cursorCharsMax) return bad('Send the cursor of the page before, as it was answered.');
  return good({ limit, from });
}

/** Where an entity stands in its list: by a number, as when it was made, then by its id. */
export interface SortKey {
  readonly at: number;
  readonly id: string;
}

/**
 * One page of a list that is read whole, in the order of its keys. The cursor is the key of the page's
 * last entity, so that the next page starts behind it even when that entity is gone.
 */
export function pageOf<T>(all: readonly T[], keyOf: (entity: T) => SortKey, query: ListQuery): Page<T> {
  const behind = query.from === undefined ? undefined : parseCursor(query.from);
  const keyed = all.map((entity) => ({ entity, key: keyOf(entity) }));
  const rest = keyed.filter(({ key }) => behind === undefined || order(key, behind) > 0);
  const page = rest.sort((a, b) => order(a.key, b.key)).slice(0, query.limit);
  const entities = page.map(({ entity }) => entity);
  const last = page.at(-1);
  return last === undefined || rest.length <= query.limit
    ? { entities }
    : { entities, cursor: `${last.key.at}.${last.key.id}` };
}

function parseCursor(cursor: Cursor): SortKey | undefined {
  const [, at, id = ''] = /^(\d{1,16})\.(.*)$/.exec(cursor) ?? [];
  return at === undefined ? undefined : { at: Number(at), id };
}

function order(a: SortKey, b: SortKey): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

export function listAnswer<T>({ entities, cursor }: Page<T>, shown: (entity: T) => unknown): JsonAnswer {
  const body = { entities: entities.map(shown), ...(cursor === undefined ? {} : { cursor }) };
  return { status: 200, body };
}

/** The schema of a list's answer. */
export function listSchema(entity: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['entities'],
    properties: {
      entities: { type: 'array', items: entity },
      cursor: { type: 'string', description: 'Where the next page starts; absent on the last one.' },
    },
  };
}
