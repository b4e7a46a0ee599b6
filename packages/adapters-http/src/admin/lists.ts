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

/** One page of a list that is read whole; the cursor is the id of the page's last entity. */
export function pageOf<T>(all: readonly T[], idOf: (entity: T) => string, query: ListQuery): Page<T> {
  const start = query.from === undefined ? 0 : all.findIndex((entity) => idOf(entity) === query.from) + 1;
  const entities = all.slice(start, start + query.limit);
  const last = entities.at(-1);
  return last === undefined || start + query.limit >= all.length
    ? { entities }
    : { entities, cursor: idOf(last) };
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
