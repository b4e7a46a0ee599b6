import type { CallbackRule } from '../callback/rule.js';
import type { AppNo, Instant } from '../kernel/ids.js';

/** What may be changed of a rule. */
export type CallbackRuleChange = Partial<Omit<CallbackRule, 'id' | 'app' | 'version' | 'createdAt'>>;

export interface CallbackRules {
  /** `tooMany` when the app has `limits.callbackRulesMax` rules, `nameTaken` when one has that name. */
  create(rule: Omit<CallbackRule, 'version'>): Promise<CallbackRule | 'nameTaken' | 'tooMany'>;
  list(app: AppNo): Promise<readonly CallbackRule[]>;
  find(app: AppNo, id: string): Promise<CallbackRule | undefined>;
  /**
   * A new version of the rule, made of the version that the caller has read and checked the change
   * against; `moved` when the rule has another one now. When a suspended rule changes what an attempt
   * depends on, its next attempt may be made now, by `probeNow`. Older versions that no attempt can
   * follow any more, by `ruleForAttempt`, keep no secrets.
   */
  change(
    app: AppNo,
    id: string,
    change: CallbackRuleChange,
    expected: { readonly version: number; readonly now: Instant },
  ): Promise<CallbackRule | 'nameTaken' | 'unknown' | 'moved'>;
  /**
   * Removes the rule with all its secrets; its open deliveries end as dead, by `givenUp`. False when
   * there was none. However many they are, it takes as long: see `giveUpRemoved`.
   */
  remove(app: AppNo, id: string): Promise<boolean>;
  /**
   * Writes of up to `max` deliveries of removed rules that they are dead, which they are to everybody
   * since their rule was removed; answers how many. Somebody calls it now and then until there are none.
   */
  giveUpRemoved(max: number): Promise<number>;
}
