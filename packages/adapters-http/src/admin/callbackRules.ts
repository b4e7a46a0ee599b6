import { randomUUID } from 'node:crypto';
import { healthy, limits } from '@recalld/domain';
import type { CallbackRule } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer, RawAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { listAnswer, listQuerySchemas, listSchema, pageOf, readListQuery } from './lists.js';
import { callbackRuleActionRoutes } from './ruleActions.js';
import { nameTaken, ruleAnswer, ruleShown, unknownRule } from './ruleAnswers.js';
import { readNewRule, readRuleChange } from './ruleBodies.js';
import { changeRule } from './ruleChanges.js';
import { newRule, ruleChange, ruleSchema } from './ruleSchemas.js';
import { commonErrors, error } from './schemas.js';

const path = '/admin/v1/apps/{org}/{app}/callback-rules';
const tooMany = problem(
  'conflict',
  `Remove a callback rule first: an app has at most ${limits.callbackRulesMax}.`,
);
const common = { tag: 'Callback rules', auth: 'rootOrApp' } as const;
const one = { 200: { description: 'The rule as it now is', schema: ruleSchema }, ...commonErrors };

/** Where an app's callbacks go. */
export function callbackRuleRoutes(deps: AdminDeps): readonly Route[] {
  return [...collection(deps), ...item(deps), ...callbackRuleActionRoutes(deps)];
}

function collection(deps: AdminDeps): readonly Route[] {
  return [
    {
      ...common,
      method: 'GET',
      path,
      operationId: 'listCallbackRules',
      summary: 'List callback rules',
      query: listQuerySchemas,
      answers: { 200: { description: 'Rules', schema: listSchema(ruleSchema) }, ...commonErrors },
      handle: (call) => list(deps, call),
    },
    {
      ...common,
      method: 'POST',
      path,
      operationId: 'createCallbackRule',
      summary: 'Make a callback rule',
      body: newRule,
      answers: {
        201: { description: 'The rule; with its secret when the server made it', schema: ruleSchema },
        ...commonErrors,
        409: error('The name is taken, or the app has too many rules'),
      },
      handle: (call) => create(deps, call),
    },
  ];
}

function item(deps: AdminDeps): readonly Route[] {
  return [
    {
      ...common,
      method: 'GET',
      path: `${path}/{id}`,
      operationId: 'getCallbackRule',
      summary: 'Read a callback rule',
      answers: one,
      handle: (call) => read(deps, call),
    },
    {
      ...common,
      method: 'PATCH',
      path: `${path}/{id}`,
      operationId: 'changeCallbackRule',
      summary: 'Change some fields of a callback rule',
      body: ruleChange,
      answers: { ...one, 409: error('The name is taken, or others are changing the rule') },
      handle: (call) => change(deps, call),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${path}/{id}`,
      operationId: 'deleteCallbackRule',
      summary: 'Remove a callback rule; its open deliveries end as dead',
      answers: { 204: { description: 'The rule is gone' }, ...commonErrors },
      handle: (call) => remove(deps, call),
    },
  ];
}

async function list(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const query = readListQuery(call);
  if (!query.ok) return query.answer;
  const app = appOf(call).no;
  const rules = await deps.storage.rules.list(app);
  const healths = await deps.storage.ruleHealths.ofApp(app);
  return listAnswer(
    pageOf(rules, ({ createdAt, id }) => ({ at: createdAt, id }), query.value),
    (rule) => ruleShown(rule, healths.get(rule.id), call.receivedAt),
  );
}

async function create(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const app = appOf(call);
  const asked = readNewRule(deps, app, call.body);
  if (!asked.ok) return asked.answer;
  const { fields, madeSecret } = asked.value;
  const made = { id: randomUUID(), app: app.no, createdAt: call.receivedAt, ...fields };
  const rule = await deps.storage.rules.create(made);
  if (rule === 'nameTaken') return nameTaken;
  if (rule === 'tooMany') return tooMany;
  const once = madeSecret === undefined ? {} : { secret: madeSecret };
  return { status: 201, body: { ...ruleShown(rule, healthy, call.receivedAt), ...once } };
}

async function read(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const rule = await deps.storage.rules.find(appOf(call).no, param(call, 'id'));
  return rule === undefined ? unknownRule : ruleAnswer(deps, call, rule);
}

function change(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const read = (current: CallbackRule) =>
    readRuleChange(deps, appOf(call), current, call.body, call.receivedAt);
  return changeRule(deps, call, read);
}

async function remove(deps: AdminDeps, call: Call): Promise<JsonAnswer | RawAnswer> {
  const removed = await deps.storage.rules.remove(appOf(call).no, param(call, 'id'));
  return removed ? { status: 204, headers: {}, raw: '' } : unknownRule;
}
