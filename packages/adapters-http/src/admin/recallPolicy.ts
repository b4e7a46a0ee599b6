import { limits, readRecallPolicy, submitOne } from '@recalld/domain';
import type { ChangeRecallPolicyRefusal } from '@recalld/domain';
import { appOf } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { closedObject, commonErrors, recallPolicyFields } from './schemas.js';

interface PolicyBody {
  readonly enabled?: boolean;
  readonly window_seconds?: number;
}

const refusals: { readonly [R in ChangeRecallPolicyRefusal]: string } = {
  windowOutOfRange: `Send a whole number from ${limits.recallWindowSecondsMin} to ${limits.recallWindowSecondsMax} as window_seconds.`,
  windowExceedsRetention: 'Send a window_seconds that is not longer than the server keeps messages.',
};

const shape = closedObject(recallPolicyFields, Object.keys(recallPolicyFields));
const path = '/admin/v1/apps/{org}/{app}/recall-policy';
const answers = { 200: { description: 'The policy as it now is', schema: shape }, ...commonErrors };

/** Whether messages of an app may be recalled, and for how long. */
export function recallPolicyRoutes(deps: AdminDeps): readonly Route[] {
  const common = { path, tag: 'Recall policy', auth: 'rootOrApp', answers } as const;
  return [
    {
      ...common,
      method: 'GET',
      operationId: 'getRecallPolicy',
      summary: "Read an app's recall policy",
      handle: async (call) => shown(await readRecallPolicy(deps.storage.log, appOf(call).no)),
    },
    {
      ...common,
      method: 'PUT',
      operationId: 'putRecallPolicy',
      summary: "Set an app's recall policy; a field that is left out stays as it is",
      body: { ...closedObject(recallPolicyFields, []), minProperties: 1 },
      handle: (call) => change(deps, call),
    },
  ];
}

async function change(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const app = appOf(call).no;
  const asked = call.body as PolicyBody;
  const current = await readRecallPolicy(deps.storage.log, app);
  const policy = {
    enabled: asked.enabled ?? current.enabled,
    windowSeconds: asked.window_seconds ?? current.windowSeconds,
  };
  const retentionMs = deps.settings.messageRetentionMs;
  const outcome = await submitOne<'ChangeRecallPolicy'>(deps.loop, {
    type: 'ChangeRecallPolicy',
    app,
    ...policy,
    retentionMs,
    by: 'admin',
    now: call.receivedAt,
  });
  return outcome.ok ? shown(policy) : problem('invalid_request', refusals[outcome.code]);
}

function shown(policy: { readonly enabled: boolean; readonly windowSeconds: number }): JsonAnswer {
  return { status: 200, body: { enabled: policy.enabled, window_seconds: policy.windowSeconds } };
}
