import { assert, submitOne } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import { bad, good } from './checked.js';
import type { AdminDeps } from './deps.js';
import { deliveryAnswer } from './deliveryAnswers.js';
import { problem } from './errors.js';
import { unknownRule } from './ruleAnswers.js';
import { changeRule } from './ruleChanges.js';
import { ruleSchema, secretRotation } from './ruleSchemas.js';
import { newSecret, secretChange, wrongOverlap, wrongSecret } from './ruleSecrets.js';
import { commonErrors, deliverySchema, error } from './schemas.js';

const path = '/admin/v1/apps/{org}/{app}/callback-rules/{id}';
const notEnabled = problem('conflict', 'Enable the callback rule first: one that is not gets no callbacks.');

interface RotationBody {
  readonly secret?: string | null;
  readonly overlap_seconds?: number;
}

/** What may be done with a callback rule besides reading and changing it. */
export function callbackRuleActionRoutes(deps: AdminDeps): readonly Route[] {
  const common = { method: 'POST', tag: 'Callback rules', auth: 'rootOrApp' } as const;
  return [
    {
      ...common,
      path: `${path}/rotate-secret`,
      operationId: 'rotateCallbackRuleSecret',
      summary: 'Give a callback rule another secret; a native one signs with both for a while',
      body: secretRotation,
      answers: {
        200: { description: 'The rule; with its secret when the server made it', schema: ruleSchema },
        ...commonErrors,
        409: error('Others are changing the rule'),
      },
      handle: (call) => rotate(deps, call),
    },
    {
      ...common,
      path: `${path}/test`,
      operationId: 'testCallbackRule',
      summary: 'Send a callback that means nothing, the way of every other one',
      answers: {
        202: { description: 'Its delivery', schema: deliverySchema },
        ...commonErrors,
        409: error('The rule is not enabled'),
      },
      handle: (call) => test(deps, call),
    },
  ];
}

function rotate(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const { secretBox, nativeSecrets } = deps;
  const { secret: asked = null, overlap_seconds: overlapSeconds } = (call.body ?? {}) as RotationBody;
  return changeRule(deps, call, (current) => {
    const { dialect } = current;
    const secret = asked ?? newSecret(nativeSecrets, dialect);
    const refusal = wrongSecret(nativeSecrets, dialect, secret) ?? wrongOverlap(dialect, overlapSeconds);
    if (refusal !== undefined) return bad(refusal);
    const now = call.receivedAt;
    const change = secretChange({ secretBox, current, dialect, secret, overlapSeconds, now });
    return good(asked === null ? { change, once: { secret } } : { change });
  });
}

async function test(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const app = appOf(call).no;
  const { storage, ids } = deps;
  const rule = await storage.rules.find(app, param(call, 'id'));
  if (rule === undefined) return unknownRule;
  const now = call.receivedAt;
  const outcome = await submitOne<'TestCallbackRule'>(deps.loop, {
    type: 'TestCallbackRule',
    app,
    ruleId: rule.id,
    ruleName: rule.name,
    msgId: ids.next(),
    recallId: ids.next(),
    origin: { via: 'admin', platform: 'RESTAPI', ip: call.ip },
    by: 'admin',
    now,
  });
  if (!outcome.ok) return notEnabled;
  // Whoever tests wants to see an attempt, not to wait for the next probe.
  await storage.ruleHealths.probeNow(app, rule.id, now);
  deps.signals.announce(['deliveriesDue']);
  const [event] = outcome.events;
  assert(event !== undefined, 'a test is one event');
  const [delivery] = await storage.deliveryReader.startingAt(app, event.position);
  assert(delivery !== undefined, 'a test makes one delivery');
  return deliveryAnswer(deps, 202, delivery);
}
