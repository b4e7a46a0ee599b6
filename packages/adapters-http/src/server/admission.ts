import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App, Instant } from '@recalld/domain';
import { queryText } from '../route.js';
import type { Api, Call, Failure, Principal, Route } from '../route.js';
import { authenticate } from './authenticate.js';
import type { ServerParts } from './deps.js';
import { rateLimiting } from './rateLimiting.js';
import { refuse, refuseThrown } from './refusing.js';
import { begin } from './requestState.js';
import type { RequestState } from './requestState.js';
import { isInGoodStanding } from './standing.js';
import { isId } from './text.js';

/** The content type that the server's parser is registered for. */
export const jsonType = 'application/json';

type Admit = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/** The step before a body is read: path, app, token, content type and rates, in that order. */
export function admission(deps: ServerParts, api: Api, route: Route): Admit {
  const namesApp = route.path.includes('{org}/{app}');
  const unchecked = new Set(['org', 'app', ...(route.uncheckedParams ?? [])]);
  const ids = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const checked = ids.filter((name) => !unchecked.has(name));
  const limit = rateLimiting(
    deps,
    (route.limits ?? []).filter(({ usesOf }) => usesOf === undefined),
  );

  /** Whom the caller's token speaks for at a time. */
  function identify(call: Call, app: App | undefined, now: Instant): Principal | Failure {
    const { authorization } = call.headers;
    const username = call.params['username'];
    const byQuery = authorization === undefined && route.tokenInQuery === true;
    const token = byQuery ? queryText(call, 'access_token') : undefined;
    if (token === undefined) return authenticate(deps, route.auth, { authorization, app, username, now });
    const shown = { authorization: `Bearer ${token}`, app, username, now };
    const principal = authenticate(deps, route.auth, shown);
    return typeof principal === 'string' || principal.kind === 'user' ? principal : 'notPermitted';
  }

  function check(state: RequestState, app: App | undefined): Failure | undefined {
    const { call } = state;
    const operatorsRow = route.auth === 'root' || route.auth === 'rootOrApp';
    if (namesApp && app === undefined && !operatorsRow) return 'unknownApp';
    const principal = identify(call, app, call.receivedAt);
    if (typeof principal === 'string') return principal;
    if (namesApp && app === undefined) return 'unknownApp';
    call.principal = principal;
    call.app = app;
    return checkBodyType(call.headers, route);
  }

  async function stands(app: App | undefined, principal: Principal): Promise<boolean> {
    return app === undefined || principal.kind !== 'user' || isInGoodStanding(deps.users, app, principal);
  }

  const find = (params: Call['params']) => deps.apps.find(params['org'] ?? '', params['app'] ?? '');

  return (request, reply, done) => {
    const state = begin(deps, request, api, route);
    const { call } = state;
    const { params } = call;
    call.stillPermitted = async () => {
      const app = namesApp ? await find(params) : undefined;
      const principal = identify(call, app, deps.clock.now());
      return typeof principal !== 'string' && (await stands(app, principal));
    };
    const settle = (app: App | undefined): void | Promise<void> => {
      const failure = check(state, app);
      if (failure !== undefined) return refuse(deps, state, reply, failure);
      if (call.principal.kind !== 'user') return limit(request, reply, done);
      return stands(app, call.principal).then((good) =>
        good ? limit(request, reply, done) : refuse(deps, state, reply, 'tokenCorrupt'),
      );
    };
    if (!checked.every((name) => isId(params[name]))) return refuse(deps, state, reply, 'malformedPath');
    if (!namesApp) return void settle(undefined);
    // The store knows what is current, on whichever node it was changed; nothing is kept of it here.
    find(params)
      .then(settle)
      .catch((fault: unknown) => refuseThrown(deps, fault, request, reply));
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
