import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { assert } from '@recalld/domain';
import type { App, Instant, RateLimitName, UserId } from '@recalld/domain';

// Routes are data: Fastify's routes, authentication, body checks and /openapi.json all derive from these rows.

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call. `app`: the app's own token. `appOrUser`: that, or the token of the user whom the
 * path names as `{username}`. `appOrAnyUser`: any token of the app. `root`: the operator.
 * `rootOrApp`: the operator or the app's own token.
 */
export type Auth = 'none' | 'app' | 'appOrUser' | 'appOrAnyUser' | 'root' | 'rootOrApp';

/** A JSON schema (draft 7, as Ajv reads it), also printed in /openapi.json. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a row may answer under one status, for /openapi.json. */
export interface AnswerDescription {
  readonly description: string;
  readonly schema?: JsonSchema;
}

/** A rate limit that a call of a row counts for, when its app has that limit. One per user is of the path's `{username}`. */
export interface RouteLimit {
  readonly name: RateLimitName;
  /** How many uses a body that fits the row's schema is. Left out: a call is one, taken before its body is read. */
  readonly usesOf?: (body: unknown) => number;
}

export interface Route {
  readonly method: Method;
  /** Parameters in braces. A path that starts with `/{org}/{app}` or has both names an app: it is looked up. */
  readonly path: string;
  /** Unique among all APIs. */
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly auth: Auth;
  /** Enforced before the handler runs, without coercion: what does not fit is `malformedBody`. */
  readonly body?: JsonSchema;
  /** `stream`: the body is left unread in `call.stream`. Left out: JSON, read whole. */
  readonly reads?: 'stream';
  /** Checked after authentication; left out: none. */
  readonly limits?: readonly RouteLimit[];
  /**
   * Callers that cannot set headers may show a user's token as the query parameter `access_token`
   * (RFC 6750, 2.3). Never an app's own: URLs are kept in too many places.
   */
  readonly tokenInQuery?: true;
  /** Described only: handlers read query parameters with {@link queryText}. Name to schema. */
  readonly query?: Readonly<Record<string, JsonSchema>>;
  /** Path parameters that are not one id of 1 to 64 bytes: the handler checks them. */
  readonly uncheckedParams?: readonly string[];
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  handle(call: Call): Answer | Promise<Answer>;
}

/** Whom the caller's token speaks for. */
export type Principal =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'root' }
  | { readonly kind: 'app' }
  | { readonly kind: 'user'; readonly user: UserId; readonly tokenIssuedAt: Instant };

/** What is known of a request before its row is: enough to answer that there is none. */
export interface RequestFacts {
  readonly requestId: string;
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The caller's address, IPv4 or IPv6 text. */
  readonly ip: string;
  readonly receivedAt: Instant;
}

/** One request that passed authentication and its row's checks. */
export interface Call extends RequestFacts {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Parsed JSON that fits the row's schema; undefined when there was no body. */
  readonly body: unknown;
  /** The unread body of a `stream` row. */
  readonly stream: Readable;
  readonly principal: Principal;
  /** The app that the path names; see {@link appOf}. */
  readonly app: App | undefined;
  /** For answers that wait: aborted when the caller has gone, or is to go because the server stops. */
  leaving(): AbortSignal;
  /**
   * For answers that go on: whether the caller would be admitted again now. Tokens expire and are
   * revoked meanwhile. @throws what the store throws.
   */
  stillPermitted(): Promise<boolean>;
}

/** Bytes to answer as they are; everything else is answered as JSON. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Of an answer in parts: for how long its reader may take nothing before the connection is cut. */
  readonly stalledMs?: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type Answer = JsonAnswer | RawAnswer;

/** What the plumbing refuses before or instead of a handler; each API says it in its own words. */
export type Failure =
  | 'malformedRequest'
  | 'expectationUnknown'
  | 'unknownRoute'
  | 'wrongMethod'
  | 'unknownApp'
  | 'malformedPath'
  | 'tokenMissing'
  | 'tokenCorrupt'
  | 'tokenExpired'
  | 'notPermitted'
  | 'malformedBody'
  | 'bodyTooLarge'
  | 'rateLimited'
  | 'unsupportedMediaType'
  | 'overloaded'
  | 'unavailable'
  | 'fault';

/** A set of rows that speak one language. */
export interface Api {
  readonly name: 'easemob' | 'admin' | 'ops';
  /** Unknown paths below it are refused by this API; the longest prefix that fits wins. */
  readonly prefix: string;
  /** Headers of every answer of this API. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that answer a browser's OPTIONS on the API's paths; left out: browsers may not ask. */
  readonly preflight?: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
  /** `detail`: what is wrong, one line that quotes no values of the request. */
  refuse(failure: Failure, facts: RequestFacts, detail?: string): JsonAnswer;
}

/** One finished request, as logs and metrics see it. */
export interface Answered {
  readonly requestId: string;
  readonly method: string;
  /** The row's path, never the request's; undefined for an unknown one. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
}

export type RequestObserver = (answered: Answered) => void;

/** The app of a call whose path names one. */
export function appOf(call: Call): App {
  assert(call.app !== undefined, `the path of ${call.method} names an app`);
  return call.app;
}

/** A path parameter that the row's path has. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  assert(value !== undefined, `the row's path has ${name}`);
  return value;
}

/** A query parameter; the last one when it is repeated, undefined when it is absent or empty. */
export function queryText(call: Call, name: string): string | undefined {
  const value = call.query[name];
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' && last !== '' ? last : undefined;
}
