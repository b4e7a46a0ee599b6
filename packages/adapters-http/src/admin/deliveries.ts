import type { Attempt, DeliveryState, DeliveryStatusFilter, DeliveryView } from '@recalld/domain';
import { appOf, param, queryText } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { listAnswer, listQuerySchemas, listSchema, readListQuery } from './lists.js';
import { commonErrors, deliveryDetailSchema, deliverySchema, error } from './schemas.js';

const path = '/admin/v1/apps/{org}/{app}/deliveries';
const statuses: readonly DeliveryStatusFilter[] = ['pending', 'delivered', 'dead'];
const unknown = problem('not_found', 'Check the id: the app has no such delivery.');
const ruleGone = problem('conflict', 'Leave this delivery: its callback rule was removed.');

/** Callbacks on their way, arrived, or given up. */
export function deliveryRoutes(deps: AdminDeps): readonly Route[] {
  const common = { tag: 'Deliveries', auth: 'rootOrApp' } as const;
  return [
    {
      ...common,
      method: 'GET',
      path,
      operationId: 'listDeliveries',
      summary: 'List deliveries, newest first',
      query: { status: { type: 'string', enum: statuses }, ...listQuerySchemas },
      answers: {
        200: { description: 'Deliveries', schema: listSchema(deliverySchema) },
        ...commonErrors,
      },
      handle: (call) => list(deps, call),
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/{id}`,
      operationId: 'getDelivery',
      summary: 'Read a delivery with its request and every attempt',
      answers: { 200: { description: 'The delivery', schema: deliveryDetailSchema }, ...commonErrors },
      handle: (call) => read(deps, call),
    },
    {
      ...common,
      method: 'POST',
      path: `${path}/{id}/redeliver`,
      operationId: 'redeliver',
      summary: 'Queue a delivery again under its id',
      answers: {
        202: { description: 'The delivery, due at once', schema: deliverySchema },
        ...commonErrors,
        409: error('An attempt is under way, or the rule was removed'),
      },
      handle: (call) => redeliver(deps, call),
    },
  ];
}

async function list(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const query = readListQuery(call);
  if (!query.ok) return query.answer;
  const status = readStatus(call);
  if (!status.ok) return status.answer;
  const filter = status.value === undefined ? {} : { status: status.value };
  const page = await deps.storage.deliveryReader.page({ app: appOf(call).no, ...filter, ...query.value });
  return listAnswer(page, (delivery) => summary(deps, delivery));
}

function readStatus(call: Call): Checked<DeliveryStatusFilter | undefined> {
  const text = queryText(call, 'status');
  if (text === undefined) return good(undefined);
  const status = statuses.find((known) => known === text);
  return status === undefined ? bad(`Send one of ${statuses.join(', ')} as status.`) : good(status);
}

async function read(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const found = await deps.storage.deliveryReader.find(appOf(call).no, param(call, 'id'));
  if (found === undefined) return unknown;
  const { delivery, attempts } = found;
  const { body } = await deps.callbackRequests.render(delivery);
  const attempt_log = attempts.map(attemptShown);
  return { status: 200, body: { ...summary(deps, delivery), request_body: body, attempt_log } };
}

async function redeliver(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const { storage, signals } = deps;
  const app = appOf(call).no;
  const id = param(call, 'id');
  const known = await storage.deliveryReader.find(app, id);
  if (known === undefined) return unknown;
  // Whoever removed a rule wants nothing sent there any more.
  if ((await storage.rules.find(app, known.delivery.rule.id)) === undefined) return ruleGone;
  switch (await storage.deliveries.redeliver(app, id, call.receivedAt)) {
    case 'unknown':
      return unknown;
    case 'underway':
      return problem('conflict', 'Try again in a few seconds: an attempt of this delivery is under way.');
    case 'queued': {
      signals.announce(['deliveriesDue']);
      const found = await storage.deliveryReader.find(app, id);
      return found === undefined ? unknown : { status: 202, body: summary(deps, found.delivery) };
    }
  }
}

function summary(deps: AdminDeps, delivery: DeliveryView): object {
  const { id, rule, state, lastStatus, lastError, createdAt } = delivery;
  return {
    id,
    rule_id: rule.id,
    rule_name: rule.name,
    call_id: deps.callbackRequests.callId(delivery),
    url: rule.url,
    ...progress(state),
    last_status: lastStatus,
    last_error: lastError,
    created_at: createdAt,
  };
}

/** While an attempt is under way, the next one is made when its lease ends without an outcome. */
function progress(state: DeliveryState): object {
  const { attempts } = state;
  switch (state.status) {
    case 'waiting':
      return { status: 'pending', attempts, next_attempt_at: state.dueAt };
    case 'leased':
      return { status: 'pending', attempts, next_attempt_at: state.leaseUntil };
    case 'delivered':
    case 'dead':
      return { status: state.status, attempts, next_attempt_at: null };
  }
}

function attemptShown({ requestedAt, tookMs, status, error: failure, answerHead }: Attempt): object {
  return { requested_at: requestedAt, took_ms: tookMs, status, error: failure, answer_head: answerHead };
}
