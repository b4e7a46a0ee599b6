import { assert, ruleForAttempt } from '@recalld/domain';
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
  /** Whether any of its deliveries may have a place in an order. */
  readonly hasOrder: boolean;
}

/** The callback rules in memory: every batch, every delivery and every outcome needs them. */
export interface RuleBook {
  /** The app's rules that are enabled and not removed. */
  enabled(app: AppNo): readonly CallbackRule[];
  /** A rule as it now is, also after it was removed. */
  find(ruleId: string): KnownRule | undefined;
  has(ruleId: string, version: number): boolean;
  /** The rule that a delivery planned under a version is attempted under, also after it was removed. */
  forAttempt(ruleId: string, plannedVersion: number): CallbackRule;
  /** Called inside the write that changes rules: nothing can be read in between. */
  forget(): void;
  /** Called inside the write that changes this of a rule and nothing else. */
  update(ruleId: string, change: Partial<Pick<KnownRule, 'health' | 'hasOrder'>>): void;
}

export function createRuleBook(reads: SqliteReads): RuleBook {
  const { db } = reads;
  const enabled = new Map<AppNo, readonly CallbackRule[]>();
  const known = new Map<string, KnownRule>();
  const versions = new Map<string, CallbackRule>();
  const readVersion = template<{ ruleId: string; version: number }>()(({ ruleId, version }) =>
    ruleVersions(db).where('r.rule_id', '=', ruleId).where('v.version', '=', version),
  );
  const readKnown = template<{ ruleId: string }>()(({ ruleId }) =>
    ruleVersions(db)
      .whereRef('v.version', '=', 'r.current_version')
      .where('r.rule_id', '=', ruleId)
      .select('r.removed')
      .select(healthColumns.map((column) => `r.${column}` as const))
      .select((e) =>
        e
          .selectFrom('deliveries as d')
          .select('d.order_key')
          .whereRef('d.rule_id', '=', 'r.rule_id')
          .where('d.order_key', 'is not', null)
          .limit(1)
          .as('order_key'),
      ),
  );

  function forget(): void {
    enabled.clear();
    known.clear();
    versions.clear();
  }
  const refresh = forgetting(reads, forget);

  function versionOf(ruleId: string, version: number): CallbackRule | undefined {
    refresh();
    const now = known.get(ruleId)?.rule;
    if (now?.version === version) return now;
    const key = `${ruleId}/${version}`;
    const remembered = versions.get(key);
    if (remembered !== undefined) return remembered;
    const [row] = reads.run(fill(readVersion, { ruleId, version }));
    if (row === undefined) return undefined;
    const rule = toRule(row);
    versions.set(key, rule);
    return rule;
  }

  function find(ruleId: string): KnownRule | undefined {
    refresh();
    const remembered = known.get(ruleId);
    if (remembered !== undefined) return remembered;
    const [row] = reads.run(fill(readKnown, { ruleId }));
    if (row === undefined) return undefined;
    const hasOrder = row.order_key !== null;
    const found = { rule: toRule(row), removed: row.removed === 1, health: healthOf(row), hasOrder };
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
    has: (ruleId, version) => versionOf(ruleId, version) !== undefined,
    forAttempt(ruleId, plannedVersion) {
      const now = find(ruleId);
      const planned = versionOf(ruleId, plannedVersion);
      assert(planned !== undefined && now !== undefined, `rule ${ruleId} has a version ${plannedVersion}`);
      return ruleForAttempt(planned, now.rule);
    },
    forget,
    update(ruleId, change) {
      const remembered = known.get(ruleId);
      if (remembered !== undefined) known.set(ruleId, { ...remembered, ...change });
    },
  };
}
