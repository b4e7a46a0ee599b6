import type { CallbackRule, CallbackRuleChange } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer } from '../route.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { nameTaken, ruleAnswer, unknownRule } from './ruleAnswers.js';

/** A change that fits the rule that it was read for, and what only its answer shows. */
export interface RuleChange {
  readonly change: CallbackRuleChange;
  readonly once?: { readonly secret: string };
}

/** How often a change is read anew because somebody else's came in between. */
const triesMax = 5;

const contended = problem(
  'conflict',
  'Send the request again: the callback rule is being changed by others at this moment.',
);

/**
 * Changes the rule that the path names. What `read` makes of a rule is stored only if the rule is still
 * that one: two changes that are right each by itself might together make a rule that is not.
 */
export async function changeRule(
  deps: AdminDeps,
  call: Call,
  read: (current: CallbackRule) => Checked<RuleChange>,
): Promise<JsonAnswer> {
  const { rules } = deps.storage;
  const app = appOf(call).no;
  const id = param(call, 'id');
  const now = call.receivedAt;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const current = await rules.find(app, id);
    if (current === undefined) return unknownRule;
    const asked = read(current);
    if (!asked.ok) return asked.answer;
    const { change, once } = asked.value;
    const rule = await rules.change(app, id, change, { version: current.version, now });
    if (rule === 'moved') continue;
    if (rule === 'nameTaken') return nameTaken;
    if (rule === 'unknown') return unknownRule;
    // What the rule held, what waited for a probe, or what its old secret was refused for, may go out now.
    deps.signals.announce(['deliveriesDue']);
    return ruleAnswer(deps, call, rule, once);
  }
  return contended;
}
