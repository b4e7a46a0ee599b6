import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Api } from '../route.js';
import { answerWith } from './answering.js';
import type { ServerDeps } from './deps.js';
import { apiOf, refuse } from './refusing.js';
import { begin } from './requestState.js';
import { urlOf } from './urls.js';

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Other methods of known paths, and paths that nobody knows. */
export function mountFallbacks(server: FastifyInstance, deps: ServerDeps): void {
  const shapes = new Map<string, { readonly api: Api; readonly path: string; readonly taken: Set<string> }>();
  for (const api of deps.apis) {
    for (const { path, method } of api.routes) {
      const shape = path.replace(/\{\w+\}/g, '{}');
      const entry = shapes.get(shape) ?? { api, path, taken: new Set<string>() };
      entry.taken.add(method);
      if (api.name === 'ops' && method === 'GET') entry.taken.add('HEAD');
      shapes.set(shape, entry);
    }
  }
  for (const { api, path, taken } of shapes.values()) {
    const method = methods.filter((name) => !taken.has(name));
    const allow = [...taken].join(', ');
    mountFallback(server, deps, { api, url: urlOf(path), method, allow });
  }
  const unknown = (request: FastifyRequest, reply: FastifyReply): void => {
    const api = apiOf(deps.apis, request.url);
    refuse(deps, begin(deps, request, api, undefined), reply, 'unknownRoute');
  };
  // Methods that no row could have come to the handler, all others to the hook, with the body unread.
  server.setNotFoundHandler(unknown);
  server.all('/*', { onRequest: unknown, handler: () => undefined });
}

interface Fallback {
  readonly api: Api;
  readonly url: string;
  readonly method: HTTPMethods[];
  readonly allow: string;
}

/** Answers before the body is read. OPTIONS is a browser's question where the API allows one. */
function mountFallback(server: FastifyInstance, deps: ServerDeps, fallback: Fallback): void {
  const { api, url, method, allow } = fallback;
  server.route({
    method,
    url,
    onRequest: (request, reply) => {
      const state = begin(deps, request, api, undefined);
      if (request.method === 'OPTIONS' && api.preflight !== undefined) {
        return answerWith(deps.observers, reply, state, { status: 204, headers: api.preflight, raw: '' });
      }
      void reply.header('allow', allow);
      refuse(deps, state, reply, 'wrongMethod');
    },
    handler: () => undefined,
  });
}
