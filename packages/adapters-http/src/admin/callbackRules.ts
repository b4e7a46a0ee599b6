import { randomUUID } from 'node:crypto';
import type { CallbackRule } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer, RawAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { listAnswer, listQuerySchemas, listSchema, pageOf, readListQuery } from './lists.js';
import { readRuleChange, readNewRule } from './ruleBodies.js';
import { closedObject, commonErrors, error, ruleChange, ruleFields, ruleSchema } from './schemas.js';

const path = '/admin/v1/apps/{org}/{app}/callback-rules';
const unknown = problem('not_found', 'Check the id: the app has no such callback rule.');
const nameTaken = problem('conflict', 'Choose another name: a callback rule of the app has this one.');
const common = { tag: 'Callback rules', auth: 'rootOrApp' } as const;
const one = { 200: { description: 'The rule as it now is', schema: ruleSchema }, ...commonErrors };

/** Where an app's callbacks go. */
export function callbackRuleRoutes(deps: AdminDeps): readonly Route[] {
  return [...collection(deps), ...item(deps)];
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
      body: closedObject(ruleFields, ['name', 'url', 'dialect']),
      answers: {
        201: { description: 'The rule; with its secret when the server made it', schema: ruleSchema },
        ...commonErrors,
        409: error('The name is taken'),
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
      handle: async (call) => shownOr404(await deps.storage.rules.find(appOf(call).no, param(call, 'id'))),
    },
    {
      ...common,
      method: 'PATCH',
      path: `${path}/{id}`,
      operationId: 'changeCallbackRule',
      summary: 'Change some fields of a callback rule',
      body: ruleChange,
      answers: { ...one, 409: error('The name is taken') },
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
  const rules = await deps.storage.rules.list(appOf(call).no);
  return listAnswer(
    pageOf(rules, ({ createdAt, id }) => ({ at: createdAt, id }), query.value),
    shown,
  );
}

async function create(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const app = appOf(call);
  const read = readNewRule(deps, app, call.body);
  if (!read.ok) return read.answer;
  const { fields, madeSecret } = read.value;
  const made = { id: randomUUID(), app: app.no, createdAt: call.receivedAt, ...fields };
  const rule = await deps.storage.rules.create(made);
  if (rule === 'nameTaken') return nameTaken;
  const once = madeSecret === undefined ? {} : { secret: madeSecret };
  return { status: 201, body: { ...shown(rule), ...once } };
}

async function change(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const app = appOf(call);
  const id = param(call, 'id');
  const { rules } = deps.storage;
  const current = await rules.find(app.no, id);
  if (current === undefined) return unknown;
  const read = readRuleChange(deps, app, current, call.body);
  if (!read.ok) return read.answer;
  const rule = await rules.change(app.no, id, read.value);
  if (rule === 'nameTaken') return nameTaken;
  return shownOr404(rule === 'unknown' ? undefined : rule);
}

async function remove(deps: AdminDeps, call: Call): Promise<JsonAnswer | RawAnswer> {
  const removed = await deps.storage.rules.remove(appOf(call).no, param(call, 'id'));
  return removed ? { status: 204, headers: {}, raw: '' } : unknown;
}

function shownOr404(rule: CallbackRule | undefined): JsonAnswer {
  return rule === undefined ? unknown : { status: 200, body: shown(rule) };
}

/** A rule as it is answered: never with its secret. */
function shown(rule: CallbackRule): object {
  const { id, name, url, dialect, chatTypes: chat_types, enabled } = rule;
  const has_secret = rule.sealedSecret !== null;
  return { id, name, url, dialect, chat_types, enabled, has_secret, created_at: rule.createdAt };
}
