import type { AnswerDescription, JsonSchema } from '../route.js';

/** Text that may be absent, null or empty: emptiness has an error row of its own, or a default. */
export function textOrEmpty(charsMax?: number): JsonSchema {
  return { type: ['string', 'null'], ...(charsMax === undefined ? {} : { maxLength: charsMax }) };
}

/** One of some values, or absent, null or empty. */
export function oneOfOrEmpty(...values: readonly (string | boolean)[]): JsonSchema {
  return { enum: [...values, '', null] };
}

const descriptions: Readonly<Record<number, string>> = {
  200: 'Done',
  400: 'The request is not valid',
  401: 'The token is missing, expired, corrupt or not good for this',
  403: 'Refused by a rule',
  404: 'No such app, user, group, room or file',
  413: 'Too large',
  415: 'Not a form with a file',
};

/** What a row may answer, in the vendor's envelopes. */
export function answers(...statuses: readonly number[]): Readonly<Record<number, AnswerDescription>> {
  return Object.fromEntries(
    statuses.map((status) => [status, { description: descriptions[status] ?? 'Refused' }]),
  );
}
