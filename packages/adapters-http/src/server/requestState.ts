import type { FastifyRequest } from 'fastify';
import type { Api, Call, RequestFacts, Route } from '../route.js';

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

/** The caller's address without the prefix of an IPv4 address on an IPv6 socket. */
function addressOf(request: FastifyRequest): string {
  const address = request.raw.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

export function factsOf(request: FastifyRequest, receivedAt: number): RequestFacts {
  const { url = '/', method = '', headers } = request.raw;
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return { requestId: request.id, method, path, headers, ip: addressOf(request), receivedAt };
}

/** The first step of every request that a row or a fallback takes. */
export function begin(
  request: FastifyRequest,
  api: Api,
  route: Route | undefined,
  now: number,
): RequestState {
  const { requestId, method, path, headers, ip, receivedAt } = factsOf(request, now);
  const state: RequestState = {
    api,
    route,
    startedAt: performance.now(),
    call: {
      requestId,
      method,
      path,
      headers,
      ip,
      receivedAt,
      // The router gives strings for the braces of the row's path.
      params: request.params as Record<string, string>,
      query: request.query as Record<string, unknown>,
      body: undefined,
      stream: request.raw,
      principal: { kind: 'nobody' },
      app: undefined,
    },
  };
  request.recalld = state;
  return state;
}
