import { limits } from '@recalld/domain';
import type { DeliveryStatusFilter } from '@recalld/domain';
import { appOf, param, queryText } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import { isId } from '../server/text.js';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import { attemptShown, bodyShown, deliveryAnswer, deliveryShown } from './deliveryAnswers.js';
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
      query: {
        status: { type: 'string', enum: statuses },
        rule_id: { type: 'string', maxLength: limits.idBytesMax },
        ...listQuerySchemas,
      },
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
  const filter = readFilter(call);
  if (!filter.ok) return filter.answer;
  const app = appOf(call).no;
  const { deliveryReader, ruleHealths } = deps.storage;
  const page = await deliveryReader.page({ app, ...filter.value, ...query.value });
  const healths = await ruleHealths.ofApp(app);
  return listAnswer(page, (delivery) => deliveryShown(deps, delivery, healths));
}

interface Filter {
  readonly status?: DeliveryStatusFilter;
  readonly ruleId?: string;
}

function readFilter(call: Call): Checked<Filter> {
  const text = queryText(call, 'status');
  const status = statuses.find((known) => known === text);
  if (text !== undefined && status === undefined) {
    return bad(`Send one of ${statuses.join(', ')} as status.`);
  }
  const ruleId = queryText(call, 'rule_id');
  if (ruleId !== undefined && !isId(ruleId)) {
    return bad('Send the id of a callback rule as rule_id.');
  }
  return good({ ...(status === undefined ? {} : { status }), ...(ruleId === undefined ? {} : { ruleId }) });
}

async function read(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const found = await deps.storage.deliveryReader.find(appOf(call).no, param(call, 'id'));
  if (found === undefined) return unknown;
  const { delivery, attempts } = found;
  const request_body = await bodyShown(deps, delivery);
  return deliveryAnswer(deps, 200, delivery, { request_body, attempt_log: attempts.map(attemptShown) });
}

async function redeliver(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const { redeliveries, deliveryReader, rules, ruleHealths } = deps.storage;
  const app = appOf(call).no;
  const id = param(call, 'id');
  const now = call.receivedAt;
  const known = await deliveryReader.find(app, id);
  if (known === undefined) return unknown;
  const { rule } = known.delivery;
  // Whoever removed a rule wants nothing sent there any more.
  if ((await rules.find(app, rule.id)) === undefined) return ruleGone;
  switch (await redeliveries.one(app, id, now)) {
    case 'unknown':
      return unknown;
    case 'underway':
      return problem('conflict', 'Try again in a few seconds: an attempt of this delivery is under way.');
    case 'queued': {
      // Who sends one again believes that the receiver works: a suspended rule is tried at once.
      await ruleHealths.probeNow(app, rule.id, now);
      deps.signals.announce(['deliveriesDue']);
      const found = await deliveryReader.find(app, id);
      return found === undefined ? unknown : deliveryAnswer(deps, 202, found.delivery);
    }
  }
}
