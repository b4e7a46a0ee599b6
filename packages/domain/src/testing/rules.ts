import type { CallbackRule } from '../callback/rule.js';
import { assert } from '../kernel/assert.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { CallbackRuleChange, CallbackRules } from '../ports/callbackRules.js';

/** Changes a rule that is there, as it now is. */
export async function changeRule(
  rules: Pick<CallbackRules, 'find' | 'change'>,
  app: AppNo,
  id: string,
  change: CallbackRuleChange,
  now: Instant,
): Promise<CallbackRule> {
  const { version } = (await rules.find(app, id)) ?? { version: 0 };
  const changed = await rules.change(app, id, change, { version, now });
  assert(typeof changed === 'object', `rule ${id} can be changed, not ${JSON.stringify(changed)}`);
  return changed;
}
