import { assert } from '../kernel/assert.js';
import type { Clock } from '../ports/clock.js';
import type { RuleHealths } from '../ports/ruleHealths.js';
import type { CommandLoop } from './commandLoop.js';
import { countDone, fewAtOnce } from './countDone.js';
import { submitOne } from './submitOne.js';

export interface TellRuleHealthsDeps {
  readonly ruleHealths: RuleHealths;
  readonly loop: Pick<CommandLoop, 'submit'>;
  readonly clock: Clock;
}

/**
 * Tells the owners of up to `limit` rules that they were suspended or resumed; answers how many. The
 * event goes first: after a crash in between, the same command adds none. Two at the same time do no
 * harm either: one that was held up and told of an older health brings the newer one up again. Nothing
 * is recorded of a suspension that was over before anybody looked.
 */
export async function tellRuleHealths(deps: TellRuleHealthsDeps, limit: number): Promise<number> {
  const untold = await deps.ruleHealths.untold(limit);
  return countDone(untold, fewAtOnce, async ({ app, ruleId, ruleName, health }) => {
    const now = deps.clock.now();
    const outcome = await submitOne<'TellRuleHealth'>(deps.loop, {
      type: 'TellRuleHealth',
      app,
      ruleId,
      ruleName,
      health,
      now,
    });
    assert(outcome.ok, `the health of rule ${ruleId} is told`);
    await deps.ruleHealths.told(ruleId, health);
  });
}
