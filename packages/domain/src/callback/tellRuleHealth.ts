import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { CallbackRuleResumed, CallbackRuleSuspended, ToldOfRule } from './callbackRuleEvents.js';
import type { RuleHealth } from './suspension.js';

/** Tells a rule's owner that it is suspended, or no longer. Never refused; told once. */
export interface TellRuleHealth {
  readonly type: 'TellRuleHealth';
  readonly app: AppNo;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly health: RuleHealth;
  readonly now: Instant;
}

export function tellRuleHealth(
  command: TellRuleHealth,
  state: ToldOfRule,
): Verdict<CallbackRuleSuspended | CallbackRuleResumed, never> {
  const { ruleId, ruleName, health, now } = command;
  const envelope = { occurredAt: now, actor: 'recalld' };
  if (health.status === 'suspended') {
    if (state.suspended) return accept();
    const data = { ruleId, ruleName, failingSince: health.since };
    return accept({ type: 'CallbackRuleSuspended', data, ...envelope });
  }
  if (!state.suspended) return accept();
  return accept({ type: 'CallbackRuleResumed', data: { ruleId, ruleName }, ...envelope });
}
