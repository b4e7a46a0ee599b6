import type { AppNo, CallbackRule, RuleHealth } from '@recalld/domain';
import { forgetting } from '../engines/connection.js';
import type { SqliteReads } from '../engines/connection.js';
import { fill, template } from '../statements.js';
import { currentRules, healthColumns, healthOf, ruleVersions, toRule } from './ruleRows.js';
import type { RuleRow } from './ruleRows.js';

/** A rule as it now is. */
export interface KnownRule {
  readonly rule: CallbackRule;
  readonly removed: boolean;
  readonly health: RuleHealth;
}

/** The callback rules in memory: every batch, every delivery and every outcome needs them. */
export interface RuleBook {
  /** The app's rules that are enabled and not removed. */
  enabled(app: AppNo): readonly CallbackRule[];
  /** A rule as it now is, also after it was removed. */
  find(ruleId: string): KnownRule | undefined;
  /**
   * The rule that a delivery planned under a version is attempted under, as `ruleForAttempt` says, also
   * after it was removed; undefined when it never had that version.
   */
  forAttempt(ruleId: string, plannedVersion: number): CallbackRule | undefined;
  /** Called inside the write that changes rules: nothing can be read in between. */
  forget(): void;
  /** Called inside the write that changes the health of a rule and nothing else. */
  move(ruleId: string, health: RuleHealth): void;
}

export function createRuleBook(reads: SqliteReads): RuleBook {
  const { db } = reads;
  const enabled = new Map<AppNo, readonly CallbackRule[]>();
  const known = new Map<string, KnownRule>();
  /** By rule and planned version. */
  const attempts = new Map<string, CallbackRule>();
  const readForAttempt = template<{ ruleId: string; plannedVersion: number }>()((planned) =>
    ruleVersions(db)
      .where('r.rule_id', '=', planned.ruleId)
      .where('v.dialect', '=', (e) =>
        e
          .selectFrom('callback_rule_versions as p')
          .select('p.dialect')
          .where('p.rule_id', '=', planned.ruleId)
          .where('p.version', '=', planned.plannedVersion),
      )
      .orderBy('v.version', 'desc')
      .limit(1),
  );
  const readKnown = template<{ ruleId: string }>()(({ ruleId }) =>
    ruleVersions(db)
      .whereRef('v.version', '=', 'r.current_version')
      .where('r.rule_id', '=', ruleId)
      .select('r.removed')
      .select(healthColumns.map((column) => `r.${column}` as const)),
  );

  function forget(): void {
    enabled.clear();
    known.clear();
    attempts.clear();
  }
  const refresh = forgetting(reads, forget);

  function forAttempt(ruleId: string, plannedVersion: number): CallbackRule | undefined {
    refresh();
    const now = known.get(ruleId)?.rule;
    if (now?.version === plannedVersion) return now;
    const key = `${ruleId}/${plannedVersion}`;
    const remembered = attempts.get(key);
    if (remembered !== undefined) return remembered;
    const [row] = reads.run(fill(readForAttempt, { ruleId, plannedVersion }));
    if (row === undefined) return undefined;
    const rule = toRule(row);
    attempts.set(key, rule);
    return rule;
  }

  function find(ruleId: string): KnownRule | undefined {
    refresh();
    const remembered = known.get(ruleId);
    if (remembered !== undefined) return remembered;
    const [row] = reads.run(fill(readKnown, { ruleId }));
    if (row === undefined) return undefined;
    const found = { rule: toRule(row), removed: row.removed === 1, health: healthOf(row) };
    known.set(ruleId, found);
    return found;
  }

  return {
    enabled(app) {
      refresh();
      const remembered = enabled.get(app);
      if (remembered !== undefined) return remembered;
      const rules = reads
        .run<RuleRow>(currentRules(db, app))
        .map(toRule)
        .filter((rule) => rule.enabled);
      enabled.set(app, rules);
      return rules;
    },
    find,
    forAttempt,
    forget,
    move(ruleId, health) {
      const remembered = known.get(ruleId);
      if (remembered !== undefined) known.set(ruleId, { ...remembered, health });
    },
  };
}
