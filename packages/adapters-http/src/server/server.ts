import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { AccessTokens, App, Apps, Clock, Log } from '@recalld/domain';
import type { Api, Failure, Method, RequestObserver, Route } from '../route.js';
import { answerWith } from './answering.js';
import { AppDirectory } from './appDirectory.js';
import { authenticate } from './authenticate.js';
import { refuseBroken } from './brokenRequest.js';
import { failureOf } from './failures.js';
import { parseJsonBody } from './jsonBody.js';
import { rememberTokens } from './rememberedTokens.js';
import { begin } from './requestState.js';
import type { RequestState } from './requestState.js';
import { isId } from './text.js';

/** Operations: a JSON body may have 1 MiB. */
const jsonBytesMax = 1_048_576;
/** A whole request, an upload over a slow line included. */
const requestTimeoutMs = 300_000;
const pathCharsMax = 16_384;
const jsonType = 'application/json';
const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export interface ServerDeps {
  readonly apps: Apps;
  readonly tokens: AccessTokens;
  readonly isRootToken: (token: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** One of them has the prefix `/`. */
  readonly apis: readonly Api[];
  readonly observers: readonly RequestObserver[];
}

/** Makes a Fastify server of the APIs' rows: routing, authentication, body checks, answers. */
export function createServer(given: ServerDeps): FastifyInstance {
  const deps = { ...given, tokens: rememberTokens(given.tokens) };
  const server = fastify({
    logger: false,
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
    clientErrorHandler: refuseBroken(apiOf(deps.apis, '/'), deps.clock),
  });
  server.decorateRequest('recalld', undefined);
  server.setErrorHandler((thrown, request, reply) => refuseThrown(deps, thrown, request, reply));
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(jsonType, { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    try {
      done(null, parseJsonBody(bytes));
    } catch (malformed) {
      done(malformed instanceof Error ? malformed : new Error('the body cannot be read'));
    }
  });
  mountRows(server, deps);
  mountFallbacks(server, deps);
  return server;
}

function mountRows(server: FastifyInstance, deps: ServerDeps): void {
  const directory = new AppDirectory(deps.apps, deps.clock);
  const streaming: (readonly [Api, Route])[] = [];
  for (const api of deps.apis) {
    for (const route of api.routes) {
      if (route.reads === 'stream') streaming.push([api, route]);
      else mount(server, deps, directory, api, route);
    }
  }
  // A scope of its own, whose content-type parser leaves every body unread.
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const [api, route] of streaming) mount(scope, deps, directory, api, route);
    done();
  });
}

/** `/{org}/{app}/token` as Fastify writes it. */
function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function mount(server: FastifyInstance, deps: ServerDeps, directory: AppDirectory, api: Api, route: Route) {
  const admit = admission(deps, directory, api, route);
  server.route({
    method: route.method,
    url: urlOf(route.path),
    // Probes are asked with HEAD too; elsewhere it would read a body for nothing.
    exposeHeadRoute: api.name === 'ops' && route.method === 'GET',
    ...(route.body === undefined ? {} : { schema: { body: route.body } }),
    onRequest: admit,
    handler: (request, reply) => {
      const state = request.recalld;
      if (state === undefined) throw new Error('invariant broken: a handler runs after admission');
      state.call.body = request.body;
      const answer = route.handle(state.call);
      if (!(answer instanceof Promise)) return answerWith(deps.observers, reply, state, answer);
      answer.then(
        (settled) => answerWith(deps.observers, reply, state, settled),
        (fault: unknown) => refuseThrown(deps, fault, request, reply),
      );
    },
  });
}

type Admit = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/** The step before a body is read: path, app, token and content type, in that order. */
function admission(deps: ServerDeps, directory: AppDirectory, api: Api, route: Route): Admit {
  const namesApp = route.path.includes('{org}/{app}');
  const unchecked = new Set(['org', 'app', ...(route.uncheckedParams ?? [])]);
  const ids = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const checked = ids.filter((name) => !unchecked.has(name));

  function check(state: RequestState, app: App | undefined): Failure | undefined {
    const { call } = state;
    const operatorsRow = route.auth === 'root' || route.auth === 'rootOrApp';
    if (namesApp && app === undefined && !operatorsRow) return 'unknownApp';
    const principal = authenticate(deps, route.auth, {
      authorization: call.headers.authorization,
      app,
      username: call.params['username'],
      now: call.receivedAt,
    });
    if (typeof principal === 'string') return principal;
    if (namesApp && app === undefined) return 'unknownApp';
    call.principal = principal;
    call.app = app;
    return checkBodyType(call.headers, route);
  }

  return (request, reply, done) => {
    const state = begin(request, api, route, deps.clock.now());
    const { params } = state.call;
    const settle = (app: App | undefined): void => {
      const failure = check(state, app);
      if (failure === undefined) done();
      else refuse(deps, state, reply, failure);
    };
    if (!checked.every((name) => isId(params[name]))) return refuse(deps, state, reply, 'malformedPath');
    if (!namesApp) return settle(undefined);
    const found = directory.find(params['org'] ?? '', params['app'] ?? '');
    if (found instanceof Promise) {
      found.then(settle).catch((fault: unknown) => refuseThrown(deps, fault, request, reply));
    } else settle(found);
  };
}

/** JSON is read whatever its content type says, as the vendor does; a form with files is not JSON. */
function checkBodyType(headers: FastifyRequest['headers'], route: Route): Failure | undefined {
  if (route.reads === 'stream' || headers['content-type'] === jsonType) return undefined;
  const isForm = headers['content-type']?.toLowerCase().startsWith('multipart/') === true;
  if (isForm && route.body !== undefined) return 'unsupportedMediaType';
  headers['content-type'] = jsonType;
  return undefined;
}

/** Other methods of known paths, and paths that nobody knows. */
function mountFallbacks(server: FastifyInstance, deps: ServerDeps): void {
  const shapes = new Map<string, { readonly api: Api; readonly path: string; readonly taken: Set<string> }>();
  for (const api of deps.apis) {
    for (const { path, method } of api.routes) {
      const shape = path.replace(/\{\w+\}/g, '{}');
      const entry = shapes.get(shape) ?? { api, path, taken: new Set<string>() };
      entry.taken.add(method satisfies Method);
      if (api.name === 'ops' && method === 'GET') entry.taken.add('HEAD');
      shapes.set(shape, entry);
    }
  }
  for (const { api, path, taken } of shapes.values()) {
    const method = methods.filter((name) => !taken.has(name));
    const allow = [...taken].join(', ');
    mountFallback(server, deps, { api, url: urlOf(path), method, failure: 'wrongMethod', allow });
  }
  server.setNotFoundHandler((request, reply) => {
    const api = apiOf(deps.apis, request.url);
    refuse(deps, begin(request, api, undefined, deps.clock.now()), reply, 'unknownRoute');
  });
  server.all('/*', {
    onRequest: (request, reply) => {
      const api = apiOf(deps.apis, request.url);
      refuse(deps, begin(request, api, undefined, deps.clock.now()), reply, 'unknownRoute');
    },
    handler: () => undefined,
  });
}

interface Fallback {
  readonly api: Api;
  readonly url: string;
  readonly method: HTTPMethods[];
  readonly failure: Failure;
  readonly allow: string;
}

/** Answers before the body is read. OPTIONS is a browser's question where the API allows one. */
function mountFallback(server: FastifyInstance, deps: ServerDeps, fallback: Fallback): void {
  const { api, url, method, failure, allow } = fallback;
  server.route({
    method,
    url,
    onRequest: (request, reply) => {
      const state = begin(request, api, undefined, deps.clock.now());
      if (request.method === 'OPTIONS' && api.preflight !== undefined) {
        return answerWith(deps.observers, reply, state, { status: 204, headers: api.preflight, raw: '' });
      }
      void reply.header('allow', allow);
      refuse(deps, state, reply, failure);
    },
    handler: () => undefined,
  });
}

/** The API whose prefix fits a path best. */
function apiOf(apis: readonly Api[], url: string): Api {
  const fitting = apis.filter(({ prefix }) => url.startsWith(prefix));
  const [best] = fitting.sort((a, b) => b.prefix.length - a.prefix.length);
  if (best === undefined) throw new Error('invariant broken: no API has the prefix /');
  return best;
}

function refuse(
  deps: ServerDeps,
  state: RequestState,
  reply: FastifyReply,
  failure: Failure,
  detail?: string,
): void {
  answerWith(deps.observers, reply, state, state.api.refuse(failure, state.call, detail));
}

function refuseThrown(deps: ServerDeps, thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const now = deps.clock.now();
  const state = request.recalld ?? begin(request, apiOf(deps.apis, request.url), undefined, now);
  const { failure, detail } = failureOf(thrown);
  if (failure === 'fault') {
    const { requestId, method } = state.call;
    deps.log.error({ err: thrown, requestId, method, route: state.route?.path }, 'request failed');
  }
  refuse(deps, state, reply, failure, detail);
}
