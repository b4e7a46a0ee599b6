import type { CallbackRule } from '../callback/rule.js';
import type { AppNo } from '../kernel/ids.js';

/** What may be changed of a rule. */
export type CallbackRuleChange = Partial<
  Pick<CallbackRule, 'name' | 'url' | 'dialect' | 'chatTypes' | 'enabled' | 'sealedSecret'>
>;

export interface CallbackRules {
  /** `nameTaken` when the app has a rule of that name. */
  create(rule: Omit<CallbackRule, 'version'>): Promise<CallbackRule | 'nameTaken'>;
  list(app: AppNo): Promise<readonly CallbackRule[]>;
  find(app: AppNo, id: string): Promise<CallbackRule | undefined>;
  /** A new version of the rule; deliveries that were planned before keep the old one. */
  change(app: AppNo, id: string, change: CallbackRuleChange): Promise<CallbackRule | 'nameTaken' | 'unknown'>;
  /** Removes the rule; its open deliveries end as dead. False when there was none. */
  remove(app: AppNo, id: string): Promise<boolean>;
}
