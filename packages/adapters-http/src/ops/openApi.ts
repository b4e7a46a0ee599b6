import { limits } from '@recalld/domain';
import type { AnswerDescription, Api, Auth, Route } from '../route.js';

/** An OpenAPI 3.1 document, as far as /docs reads it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: object;
}

export interface Response {
  readonly description: string;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema: object }>>;

const security: { readonly [A in Auth]: readonly string[] } = {
  none: [],
  app: ['appToken'],
  appOrUser: ['appToken', 'userToken'],
  appOrAnyUser: ['appToken', 'userToken'],
  root: ['rootToken'],
  rootOrApp: ['rootToken', 'appToken'],
};

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description });

const securitySchemes = {
  rootToken: bearer("The operator's token, RECALLD_ROOT_TOKEN."),
  appToken: bearer("The app's own token, from its client id and secret."),
  userToken: bearer('The token of a user of the app; where the path names one, of that user.'),
  userTokenInQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'access_token',
    description: 'A user’s token, for callers that cannot set headers.',
  },
};

/** Describes every row of every API; nothing is written twice. */
export function openApiDocument(version: string, apis: readonly Api[]): OpenApiDocument {
  const routes = apis.flatMap((api) => api.routes);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'recalld',
      version,
      description: 'A self-hosted server that takes chat messages back.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { securitySchemes },
  };
}

function operationOf(route: Route): Operation {
  const { operationId, summary, tag, auth } = route;
  const requestBody = requestBodyOf(route);
  const inQuery = route.tokenInQuery === true ? ['userTokenInQuery'] : [];
  return {
    operationId,
    summary,
    tags: [tag],
    security: [...security[auth], ...inQuery].map((scheme) => ({ [scheme]: [] })),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: Object.fromEntries(
      Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer)]),
    ),
  };
}

function pathParameters({ path, uncheckedParams = [] }: Route): readonly Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: uncheckedParams.includes(name)
      ? { type: 'string' }
      : { type: 'string', minLength: 1, maxLength: limits.idBytesMax },
  }));
}

function queryParameters({ query = {} }: Route): readonly Parameter[] {
  return Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function requestBodyOf(route: Route): Operation['requestBody'] {
  if (route.reads === 'stream') {
    const schema = { type: 'object', properties: { file: { contentMediaType: 'application/octet-stream' } } };
    return { required: true, content: { 'multipart/form-data': { schema } } };
  }
  if (route.body === undefined) return undefined;
  const types: unknown = route.body['type'];
  const required = !(Array.isArray(types) && types.includes('null'));
  return { required, content: { 'application/json': { schema: route.body } } };
}

function responseOf({ description, schema }: AnswerDescription): Response {
  return schema === undefined
    ? { description }
    : { description, content: { 'application/json': { schema } } };
}
