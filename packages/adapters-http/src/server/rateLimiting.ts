import { assert, limitedUses, rateLimits } from '@recalld/domain';
import type { App, RateUse } from '@recalld/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Call, RouteLimit } from '../route.js';
import type { ServerParts } from './deps.js';
import { refuse, refuseThrown } from './refusing.js';

type Step = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/** Lets a call pass that its app's limits have room for. An app without these limits costs it nothing. */
export function rateLimiting(deps: ServerParts, limits: readonly RouteLimit[]): Step {
  return (request, reply, done) => {
    const state = request.recalld;
    assert(state !== undefined, 'rates are asked about after admission');
    const { app } = state.call;
    if (app === undefined || !limits.some(({ name }) => app.rateLimits[name] !== undefined)) return done();
    const uses = usesOf(limits, state.call, app, request.body);
    if (uses.length === 0) return done();
    const now = deps.clock.now();
    deps.rateLimits
      .take(app.no, uses, now)
      .then((taken) => {
        if (taken.ok) return done();
        void reply.header('retry-after', String(Math.max(1, Math.ceil((taken.freeAt - now) / 1000))));
        refuse(deps, state, reply, 'rateLimited');
      })
      .catch((fault: unknown) => refuseThrown(deps, fault, request, reply));
  };
}

function usesOf(
  limits: readonly RouteLimit[],
  { params }: Call,
  { rateLimits: settings }: App,
  body: unknown,
): readonly RateUse[] {
  const wanted = limits.map(({ name: limit, usesOf: countOf }) => {
    const user = rateLimits[limit].per === 'user' ? params['username'] : null;
    assert(user !== undefined, `the path of a call with the limit ${limit} names a user`);
    return { limit, user, count: countOf === undefined ? 1 : countOf(body) };
  });
  return limitedUses(settings, wanted);
}
