import { limits, rateLimitNames } from '@recalld/domain';
import type { RateLimitChange, RateLimitName, RateLimitSettings } from '@recalld/domain';
import { rateLimitField } from '../rateLimitFields.js';
import { appOf } from '../route.js';
import type { Call, JsonAnswer, JsonSchema, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { closedObject, commonErrors } from './schemas.js';

const names = new Map<string, RateLimitName>(rateLimitNames.map((name) => [rateLimitField(name), name]));

const rate: JsonSchema = {
  type: ['integer', 'null'],
  minimum: 1,
  maximum: limits.rateMax,
  description: 'How many there may be in the time that the name says; null: as many as come.',
};
const fields = Object.fromEntries([...names.keys()].map((field) => [field, rate]));
const shape = closedObject(fields, [...names.keys()]);
const path = '/admin/v1/apps/{org}/{app}/rate-limits';
const answers = { 200: { description: 'The limits as they now are', schema: shape }, ...commonErrors };

/** How often what may be done with an app. An app reads its own limits; the operator alone sets them. */
export function rateLimitRoutes(deps: AdminDeps): readonly Route[] {
  const common = { path, tag: 'Rate limits', answers } as const;
  return [
    {
      ...common,
      method: 'GET',
      operationId: 'getRateLimits',
      summary: "Read an app's rate limits",
      auth: 'rootOrApp',
      handle: (call) => shown(appOf(call).rateLimits),
    },
    {
      ...common,
      method: 'PUT',
      operationId: 'putRateLimits',
      summary: "Set an app's rate limits; a field that is left out stays as it is",
      auth: 'root',
      body: { ...closedObject(fields, []), minProperties: 1 },
      handle: (call) => change(deps, call),
    },
  ];
}

async function change({ storage }: AdminDeps, call: Call): Promise<JsonAnswer> {
  // The row's schema has been enforced.
  const asked = call.body as Readonly<Record<string, number | null>>;
  const changes: RateLimitChange = Object.fromEntries(
    [...names].flatMap(([field, name]) => (asked[field] === undefined ? [] : [[name, asked[field]]])),
  );
  return shown(await storage.rateLimits.change(appOf(call).no, changes));
}

function shown(settings: RateLimitSettings): JsonAnswer {
  const body = Object.fromEntries([...names].map(([field, name]) => [field, settings[name] ?? null]));
  return { status: 200, body };
}
