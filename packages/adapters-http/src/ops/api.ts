import { refuse } from '../admin/errors.js';
import type { Api, JsonAnswer, JsonSchema, RawAnswer, Route } from '../route.js';
import { docsPage, docsPolicy } from './docsPage.js';
import type { Metrics } from './metrics.js';
import { openApiDocument } from './openApi.js';
import { readReadiness } from './readiness.js';
import type { ReadinessCheck } from './readiness.js';

export interface OpsDeps {
  readonly version: string;
  readonly metrics: Pick<Metrics, 'expose'>;
  readonly checks: readonly ReadinessCheck[];
  /** The APIs that /openapi.json describes beside this one. */
  readonly apis: readonly Api[];
}

const names: JsonSchema = { type: 'array', items: { type: 'string' } };
const state = { type: 'object', required: ['status'], properties: { status: { type: 'string' } } };
const readiness: JsonSchema = {
  ...state,
  properties: { ...state.properties, missing: names, degraded: names },
};

/** Probes, metrics, and what the server says of its own API. */
export function opsApi(deps: OpsDeps): Api {
  const api: Api = {
    name: 'ops',
    prefix: '/docs/',
    headers: { 'x-content-type-options': 'nosniff' },
    routes: [...probes(deps), ...selfDescription(() => [...deps.apis, api], deps.version)],
    refuse,
  };
  return api;
}

function probes({ checks, metrics }: OpsDeps): readonly Route[] {
  const common = { method: 'GET', tag: 'Probes', auth: 'none' } as const;
  return [
    {
      ...common,
      path: '/healthz',
      operationId: 'getHealth',
      summary: 'Whether the process is up',
      answers: { 200: { description: 'It is', schema: state } },
      handle: () => ({ status: 200, body: { status: 'up' } }),
    },
    {
      ...common,
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Whether the server can do its work',
      answers: {
        200: { description: 'Ready, though what is in `degraded` is missing', schema: readiness },
        503: { description: 'Not ready: what is in `missing` does not answer', schema: readiness },
      },
      handle: () => ready(checks),
    },
    {
      ...common,
      path: '/metrics',
      operationId: 'getMetrics',
      summary: 'Metrics in the text format of Prometheus',
      answers: { 200: { description: 'The metrics' } },
      handle: async () => {
        const { contentType, text } = await metrics.expose();
        return { status: 200, headers: { 'content-type': contentType }, raw: text };
      },
    },
  ];
}

async function ready(checks: readonly ReadinessCheck[]): Promise<JsonAnswer> {
  const { missing, degraded } = await readReadiness(checks);
  const lists = {
    ...(missing.length === 0 ? {} : { missing }),
    ...(degraded.length === 0 ? {} : { degraded }),
  };
  return missing.length === 0
    ? { status: 200, body: { status: 'ready', ...lists } }
    : { status: 503, body: { status: 'unavailable', ...lists } };
}

function selfDescription(apis: () => readonly Api[], version: string): readonly Route[] {
  const common = { method: 'GET', tag: 'Self-description', auth: 'none' } as const;
  const document = once(() => openApiDocument(version, apis()));
  const asJson = once(() => raw('application/json; charset=utf-8', JSON.stringify(document())));
  const asPage = once(() => raw('text/html; charset=utf-8', docsPage(document())));
  return [
    {
      ...common,
      path: '/openapi.json',
      operationId: 'getOpenApi',
      summary: 'This API as an OpenAPI 3.1 document',
      answers: { 200: { description: 'The document', schema: { type: 'object' } } },
      handle: asJson,
    },
    {
      ...common,
      path: '/docs',
      operationId: 'getDocs',
      summary: 'This API as a page to read',
      answers: { 200: { description: 'The page' } },
      handle: asPage,
    },
  ];
}

function raw(contentType: string, body: string): RawAnswer {
  const headers = { 'content-type': contentType, 'content-security-policy': docsPolicy };
  return { status: 200, headers, raw: body };
}

/** The rows do not change while the server runs: what is made of them is made once. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
