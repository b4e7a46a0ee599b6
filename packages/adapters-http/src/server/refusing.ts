import { assert } from '@recalld/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api, Failure } from '../route.js';
import { answerWith } from './answering.js';
import type { ServerDeps, ServerParts } from './deps.js';
import { failureOf } from './failures.js';
import type { Thrown } from './failures.js';
import { begin } from './requestState.js';
import type { RequestState } from './requestState.js';
import { pathOf } from './urls.js';

/** The API whose prefix fits a request target best. What is no path at all, as `*`, is for the prefix `/`. */
export function apiOf(apis: readonly Api[], target: string): Api {
  const path = pathOf(target);
  const fitting = apis.filter(({ prefix }) => prefix === '/' || path.startsWith(prefix));
  const [best] = fitting.sort((a, b) => b.prefix.length - a.prefix.length);
  assert(best !== undefined, 'an API has the prefix /');
  return best;
}

export function refuse(
  deps: ServerDeps,
  state: RequestState,
  reply: FastifyReply,
  failure: Failure,
  detail?: string,
): void {
  answerWith(deps.observers, reply, state, state.api.refuse(failure, state.call, detail));
}

/** Refuses by what was thrown, if nothing was answered yet. */
export function refuseThrown(
  deps: ServerParts,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const state = request.recalld ?? begin(deps, request, apiOf(deps.apis, request.url), undefined);
  const { failure, detail } = report(deps, state, thrown);
  if (!reply.sent) refuse(deps, state, reply, failure, detail);
}

/** Sorts what was thrown; it is logged here, and only here. */
export function report(deps: ServerParts, state: RequestState, thrown: unknown): Thrown {
  const sorted = failureOf(thrown);
  if (sorted.failure === 'fault') {
    const { requestId, method } = state.call;
    deps.log.error({ err: thrown, requestId, method, route: state.route?.path }, 'request failed');
  }
  if (sorted.failure === 'unavailable') deps.outages.refused(thrown);
  return sorted;
}
