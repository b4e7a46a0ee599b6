import type { Failure, JsonAnswer, RequestFacts } from '../route.js';

/** The closed codes of the management API, each with its one HTTP status. */
const statuses = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  expectation_failed: 417,
  rate_limited: 429,
  overloaded: 503,
  unavailable: 503,
  internal_error: 500,
} as const;

export type AdminCode = keyof typeof statuses;

const retryLater = { 'retry-after': '1' };

const headersOf: { readonly [C in AdminCode]?: Readonly<Record<string, string>> } = {
  unauthorized: { 'www-authenticate': 'Bearer' },
  overloaded: retryLater,
  unavailable: retryLater,
};

/** The only shape of an error: a code, and one sentence that says what to do. */
export function problem(code: AdminCode, sentence: string): JsonAnswer {
  const body = { error: code, error_description: sentence };
  const headers = headersOf[code];
  return { status: statuses[code], body, ...(headers === undefined ? {} : { headers }) };
}

const tokenAdvice = "Send the root token, or the app's own app token, as Authorization: Bearer TOKEN";

/** What the plumbing refuses before a handler runs, in the words of this API. */
const failures: { readonly [F in Failure]: readonly [AdminCode, string] } = {
  malformedRequest: ['invalid_request', 'Send a complete HTTP/1.1 request, with a Host header.'],
  expectationUnknown: ['expectation_failed', 'Leave out the Expect header, or send 100-continue in it.'],
  unknownRoute: ['not_found', 'Check the path: there is no such call, see /openapi.json.'],
  wrongMethod: ['method_not_allowed', 'Use one of the methods in the Allow header for this path.'],
  unknownApp: ['not_found', 'Check org and app in the path: there is no such app.'],
  malformedPath: ['not_found', 'Check the path: it names nothing that can exist.'],
  tokenMissing: ['unauthorized', `${tokenAdvice}: the request has none.`],
  tokenCorrupt: ['unauthorized', `${tokenAdvice}: this one is not valid here.`],
  tokenExpired: ['unauthorized', 'Get a new token: this one has expired.'],
  notPermitted: ['forbidden', `${tokenAdvice}: the token of a user does not manage an app.`],
  malformedBody: ['invalid_request', 'Correct the request body, see /openapi.json.'],
  bodyTooLarge: ['too_large', 'Send a request body of at most 1 MiB.'],
  rateLimited: ['rate_limited', 'Wait as long as Retry-After says: a rate limit of the app is reached.'],
  unsupportedMediaType: ['unsupported_media_type', 'Send the request body as application/json.'],
  overloaded: ['overloaded', 'Try again in a second: the server has too much work waiting.'],
  unavailable: [
    'unavailable',
    'Try again in a second, and look first whether it was done: the server cannot reach its storage.',
  ],
  fault: ['internal_error', "Look for the request's id in the server's log: something failed inside."],
};

export function refuse(failure: Failure, _facts: RequestFacts, detail?: string): JsonAnswer {
  const [code, sentence] = failures[failure];
  if (failure !== 'malformedBody' || detail === undefined) return problem(code, sentence);
  return problem(code, `Correct the request: ${detail}, see /openapi.json.`);
}
