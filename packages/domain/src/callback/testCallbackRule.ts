import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, Instant, ItemId, MsgId, UserId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { CallbackRuleTested } from './callbackRuleEvents.js';

/** Whether a test was made already: one that is asked for again sends nothing more. */
export interface CallbackRuleTest {
  readonly made: boolean;
}

/** Sends a callback that means nothing to one rule, the way of every other one. */
export interface TestCallbackRule {
  readonly type: 'TestCallbackRule';
  readonly app: AppNo;
  readonly ruleId: string;
  readonly ruleName: string;
  /** Minted for this test: they name no message and no recall. */
  readonly msgId: MsgId;
  readonly recallId: ItemId;
  readonly origin: Origin;
  readonly by: UserId;
  readonly now: Instant;
}

export type TestCallbackRuleRefusal = 'ruleNotEnabled';

export interface TestCallbackRuleFacts {
  /** Whether the app has the rule, enabled. */
  readonly enabled: boolean;
}

export function testCallbackRule(
  command: TestCallbackRule,
  state: CallbackRuleTest,
  facts: TestCallbackRuleFacts,
): Verdict<CallbackRuleTested, TestCallbackRuleRefusal> {
  const { ruleId, ruleName, msgId, recallId, origin, by, now } = command;
  if (state.made) return accept();
  if (!facts.enabled) return refuse('ruleNotEnabled');
  const data = { ruleId, ruleName, msgId, recallId, origin };
  return accept({ type: 'CallbackRuleTested', data, occurredAt: now, actor: by });
}
