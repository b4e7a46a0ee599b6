import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from './deps.js';
import { easemobApi } from './easemob/api.js';
import type { Api, RequestObserver } from './route.js';
import { createServer } from './server/server.js';

/** What is mounted beside the Easemob REST contract. */
export interface Mounted {
  /** The management API, probes and self-description. */
  readonly apis: readonly Api[];
  /** Told of every answer: metrics. */
  readonly observers?: readonly RequestObserver[];
}

/** The whole HTTP side of recalld, not yet listening. */
export function createApp(deps: HttpDeps, mounted: Mounted): FastifyInstance {
  const { storage, tokens, isRootToken, addressOf, clock, log, settings } = deps;
  const observers = [...(mounted.observers ?? [])];
  if (settings.logRequests) {
    observers.push(({ requestId, method, route, status, ms }) =>
      log.debug({ requestId, method, route, status, ms: Math.round(ms * 10) / 10 }, 'request'),
    );
  }
  const apis = [easemobApi(deps), ...mounted.apis];
  return createServer({
    apps: storage.apps,
    users: storage.users,
    rateLimits: storage.rateLimits,
    tokens,
    isRootToken,
    addressOf,
    clock,
    log,
    apis,
    observers,
  });
}
