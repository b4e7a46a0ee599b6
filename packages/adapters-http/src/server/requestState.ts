import type { FastifyRequest } from 'fastify';
import type { Api, Call, Route } from '../route.js';
import type { ServerDeps } from './deps.js';
import { pathOf } from './urls.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the plumbing remembers of a request between its steps. */
export interface RequestState {
  readonly api: Api;
  readonly route: Route | undefined;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  readonly call: Writable<Call>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined until the row's first hook ran. */
    recalld: RequestState | undefined;
  }
}

/** Until a row has admitted the request. */
function unanswerable(): never {
  throw new Error('only handlers of rows wait for callers');
}

/** The first step of every request that a row or a fallback takes. */
export function begin(
  { addressOf, clock }: Pick<ServerDeps, 'addressOf' | 'clock'>,
  request: FastifyRequest,
  api: Api,
  route: Route | undefined,
): RequestState {
  const { url = '/', method = '', headers } = request.raw;
  const state: RequestState = {
    api,
    route,
    startedAt: performance.now(),
    call: {
      requestId: request.id,
      method,
      path: pathOf(url),
      headers,
      ip: addressOf(request.raw),
      receivedAt: clock.now(),
      // The router gives strings for the braces of the row's path.
      params: request.params as Record<string, string>,
      query: request.query as Record<string, unknown>,
      body: undefined,
      stream: request.raw,
      principal: { kind: 'nobody' },
      app: undefined,
      leaving: unanswerable,
      stillPermitted: unanswerable,
    },
  };
  request.recalld = state;
  return state;
}
