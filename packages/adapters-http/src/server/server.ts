import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { assert } from '@recalld/domain';
import type { Answer, Api, Route } from '../route.js';
import { admission, jsonType } from './admission.js';
import { answerWith } from './answering.js';
import { createDepartures } from './departures.js';
import type { ServerDeps, ServerParts } from './deps.js';
import { mountFallbacks } from './fallbacks.js';
import { overseen } from './overseen.js';
import { parseJsonBody } from './jsonBody.js';
import { rateLimiting } from './rateLimiting.js';
import { answerEverything, refuseBroken } from './rawRefusals.js';
import { apiOf, refuse, refuseThrown } from './refusing.js';
import { rememberTokens } from './rememberedTokens.js';
import { createOutageLog } from './outageLog.js';
import { headFailure } from './requestHead.js';
import { begin } from './requestState.js';
import type { RequestState } from './requestState.js';
import { urlOf } from './urls.js';

/** Operations: a JSON body may have 1 MiB. */
const jsonBytesMax = 1_048_576;
/** A whole request, an upload over a slow line included. */
const requestTimeoutMs = 300_000;
const pathCharsMax = 16_384;

/** Makes a Fastify server of the APIs' rows: routing, authentication, body checks, answers. */
export function createServer(given: ServerDeps): FastifyInstance {
  const { tokens, log, clock } = given;
  const deps = {
    ...given,
    tokens: rememberTokens(tokens),
    outages: createOutageLog(log, clock),
    departures: createDepartures(),
  };
  const anyApi = apiOf(deps.apis, '/');
  const server = fastify({
    logger: false,
    // Node and Fastify would answer these themselves, in no API's shape.
    http: { requireHostHeader: false },
    return503OnClosing: false,
    bodyLimit: jsonBytesMax,
    requestTimeout: requestTimeoutMs,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: pathCharsMax },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        allowUnionTypes: true,
      },
    },
    frameworkErrors: (error, request, reply) => refuseThrown(deps, error, request, reply),
    clientErrorHandler: refuseBroken(anyApi, deps.clock),
  });
  answerEverything(server.server, anyApi, deps.clock);
  server.decorateRequest('recalld', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    const failure = headFailure(request.raw);
    if (failure === undefined) return done();
    const api = apiOf(deps.apis, request.url);
    refuse(deps, begin(deps, request, api, undefined), reply, failure);
  });
  server.setErrorHandler((thrown, request, reply) => refuseThrown(deps, thrown, request, reply));
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(jsonType, { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    try {
      done(null, parseJsonBody(bytes));
    } catch (malformed) {
      done(malformed instanceof Error ? malformed : new Error('the body cannot be read'));
    }
  });
  // Before the listener waits for answers that would never end.
  server.addHook('preClose', (done) => {
    deps.departures.all();
    done();
  });
  mountRows(server, deps);
  mountFallbacks(server, deps);
  return server;
}

function mountRows(server: FastifyInstance, deps: ServerParts): void {
  const streaming: (readonly [Api, Route])[] = [];
  for (const api of deps.apis) {
    for (const route of api.routes) {
      if (route.reads === 'stream') streaming.push([api, route]);
      else mount(server, deps, api, route);
    }
  }
  // A scope of its own, whose content-type parser leaves every body unread.
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const [api, route] of streaming) mount(scope, deps, api, route);
    done();
  });
}

function mount(server: FastifyInstance, deps: ServerParts, api: Api, route: Route) {
  const admit = admission(deps, api, route);
  const byBody = (route.limits ?? []).filter(({ usesOf }) => usesOf !== undefined);
  server.route({
    method: route.method,
    url: urlOf(route.path),
    // Probes are asked with HEAD too; elsewhere it would read a body for nothing.
    exposeHeadRoute: api.name === 'ops' && route.method === 'GET',
    ...(route.body === undefined ? {} : { schema: { body: route.body } }),
    onRequest: admit,
    ...(byBody.length === 0 ? {} : { preHandler: rateLimiting(deps, byBody) }),
    handler: (request, reply) => {
      const state = request.recalld;
      assert(state !== undefined, 'a handler runs after admission');
      state.call.body = request.body;
      state.call.leaving = () => deps.departures.of(reply.raw);
      const settle = (answer: Answer): void =>
        answerWith(deps.observers, reply, state, inParts(deps, state, reply, answer));
      const answer = route.handle(state.call);
      if (!(answer instanceof Promise)) return settle(answer);
      answer.then(settle).catch((fault: unknown) => refuseThrown(deps, fault, request, reply));
    },
  });
}

/** An answer that comes in parts is watched over while it does. */
function inParts(deps: ServerParts, state: RequestState, reply: FastifyReply, answer: Answer): Answer {
  if (!('raw' in answer) || typeof answer.raw === 'string' || answer.raw instanceof Uint8Array) return answer;
  return { ...answer, raw: overseen(deps, state, reply, { ...answer, parts: answer.raw }) };
}
