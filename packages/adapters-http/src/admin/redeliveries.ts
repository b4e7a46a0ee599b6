import { randomUUID } from 'node:crypto';
import { limits } from '@recalld/domain';
import type { AppNo, Instant, RedeliveryJob, RedeliverySelection } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { listAnswer, listQuerySchemas, listSchema, readListQuery } from './lists.js';
import { commonErrors, error, newRedelivery, redeliverySchema, redeliveryStatuses } from './schemas.js';

const path = '/admin/v1/apps/{org}/{app}/redeliveries';
const unknown = problem('not_found', 'Check the id: the app has no such redelivery.');
const tooMany = problem(
  'conflict',
  `Wait until a redelivery is done: an app has at most ${limits.redeliveryJobsRunningMax} that are not.`,
);

/** A body that fits the row's schema. */
interface RedeliveryBody {
  readonly ids?: readonly string[];
  readonly since?: Instant;
  readonly until?: Instant;
  readonly rule_id?: string;
  readonly statuses?: readonly (typeof redeliveryStatuses)[number][];
}

/** Many deliveries queued again, as jobs that a restart does not stop. */
export function redeliveryRoutes(deps: AdminDeps): readonly Route[] {
  const common = { tag: 'Redeliveries', auth: 'rootOrApp' } as const;
  return [
    {
      ...common,
      method: 'POST',
      path,
      operationId: 'startRedelivery',
      summary: 'Queue many deliveries again: named ones, or those of a time that are over',
      body: newRedelivery,
      answers: {
        202: { description: 'The job', schema: redeliverySchema },
        ...commonErrors,
        409: error('Too many redeliveries of the app are not done'),
      },
      handle: (call) => start(deps, call),
    },
    {
      ...common,
      method: 'GET',
      path,
      operationId: 'listRedeliveries',
      summary: 'List redeliveries, newest first',
      query: listQuerySchemas,
      answers: { 200: { description: 'Jobs', schema: listSchema(redeliverySchema) }, ...commonErrors },
      handle: (call) => list(deps, call),
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/{id}`,
      operationId: 'getRedelivery',
      summary: 'Read how far a redelivery has come',
      answers: { 200: { description: 'The job', schema: redeliverySchema }, ...commonErrors },
      handle: (call) => read(deps, call),
    },
  ];
}

async function start(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const { storage, signals } = deps;
  const app = appOf(call).no;
  const createdAt = call.receivedAt;
  const selection = readSelection(call.body as RedeliveryBody, createdAt);
  if (!selection.ok) return selection.answer;
  const ruleId = selection.value.kind === 'created' ? selection.value.ruleId : null;
  if (ruleId !== null && (await storage.rules.find(app, ruleId)) === undefined) {
    return problem('invalid_request', 'Correct rule_id: the app has no such callback rule.');
  }
  const job = await storage.redeliveries.start({
    id: randomUUID(),
    app,
    selection: selection.value,
    createdAt,
  });
  if (job === 'tooMany') return tooMany;
  await probeSuspended(deps, app, ruleId, createdAt);
  signals.announce(['redeliveriesStarted']);
  return { status: 202, body: shownWhole(job) };
}

/** Who sends again what failed believes that the receivers work: suspended ones are tried at once. */
async function probeSuspended(
  { storage }: AdminDeps,
  app: AppNo,
  ruleId: string | null,
  now: Instant,
): Promise<void> {
  for (const [id, { status }] of await storage.ruleHealths.ofApp(app)) {
    if (status !== 'suspended' || id !== (ruleId ?? id)) continue;
    await storage.ruleHealths.probeNow(app, id, now);
  }
}

function readSelection(body: RedeliveryBody, now: Instant): Checked<RedeliverySelection> {
  const { ids, since, until, rule_id, statuses } = body;
  if (ids !== undefined) {
    const alone = [since, until, rule_id, statuses].every((field) => field === undefined);
    return alone
      ? good({ kind: 'named', ids: [...new Set(ids)] })
      : bad('Send ids alone, or since with until, rule_id and statuses.');
  }
  if (since === undefined) return bad('Send either ids, or since: a time in milliseconds since 1970.');
  // What is planned from now on goes out anyway.
  const end = Math.min(until ?? now, now);
  if (since >= end) return bad('Send a since that is before until, and in the past.');
  return good({
    kind: 'created',
    since,
    until: end,
    ruleId: rule_id ?? null,
    statuses: redeliveryStatuses.filter((status) => statuses?.includes(status) ?? true),
  });
}

async function list(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const query = readListQuery(call);
  if (!query.ok) return query.answer;
  const page = await deps.storage.redeliveries.page({ app: appOf(call).no, ...query.value });
  return listAnswer(page, shown);
}

async function read(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const job = await deps.storage.redeliveries.find(appOf(call).no, param(call, 'id'));
  return job === undefined ? unknown : { status: 200, body: shownWhole(job) };
}

/** A job without the ids that it names: a page of them would be long. */
function shown({ id, selection, queued, createdAt, finishedAt }: RedeliveryJob): object {
  const created = selection.kind === 'created' ? selection : undefined;
  return {
    id,
    status: finishedAt === null ? 'running' : 'done',
    queued,
    since: created?.since ?? null,
    until: created?.until ?? null,
    rule_id: created?.ruleId ?? null,
    statuses: created?.statuses ?? null,
    created_at: createdAt,
    finished_at: finishedAt,
  };
}

function shownWhole(job: RedeliveryJob): object {
  const { selection } = job;
  return { ...shown(job), ...(selection.kind === 'named' ? { ids: selection.ids } : {}) };
}
