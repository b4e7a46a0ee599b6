import type { Reads } from '../engines/database.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';

interface HeldRule {
  readonly rule_id: string;
  readonly removed: number;
}

/**
 * Asks whether rules are removed, and keeps that so until the transaction ends: a removal waits for
 * everybody who is at the rule's deliveries, and finds what they leave open. They do not wait for each
 * other.
 */
export type HoldRules = (ruleIds: Iterable<string>) => Each<HeldRule>;

export function createHoldRules({ db, statements, words }: Reads): HoldRules {
  const hold = statements.select<{ ruleId: string }>({ ruleId: 'text' })(({ ruleId }) =>
    db
      .selectFrom('callback_rules')
      .select(['rule_id', 'removed'])
      .where('rule_id', '=', ruleId)
      .modifyEnd(words.forKeyShare),
  );
  return (ruleIds) =>
    each(
      hold,
      Array.from(new Set(ruleIds), (ruleId) => ({ ruleId })),
    );
}
