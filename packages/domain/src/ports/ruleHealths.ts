import type { RuleHealth } from '../callback/suspension.js';
import type { AppNo, Instant } from '../kernel/ids.js';

/** A rule whose owner has not been told of its health yet. */
export interface UntoldHealth {
  readonly app: AppNo;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly health: RuleHealth;
}

/** How the receivers of callback rules are doing. A rule that has never failed is healthy. */
export interface RuleHealths {
  /** By rule id; of all the app's rules. */
  ofApp(app: AppNo): Promise<ReadonlyMap<string, RuleHealth>>;
  /** Lets a suspended rule make its next attempt now, by `probeNow`. */
  probeNow(app: AppNo, ruleId: string, now: Instant): Promise<void>;
  /**
   * Rules that were suspended or resumed since `told` was said of them last, also when they are now as
   * they were then: a crash may have lost the word that something was told. Removed ones are left out.
   */
  untold(limit: number): Promise<readonly UntoldHealth[]>;
  /**
   * The owner knows whether the rule is suspended, as of this health; to be told again only when that
   * changes. When it has changed since, the rule is to be told of, even if somebody else has done so
   * meanwhile: what the owner heard last is this health.
   */
  told(ruleId: string, health: RuleHealth): Promise<void>;
}
