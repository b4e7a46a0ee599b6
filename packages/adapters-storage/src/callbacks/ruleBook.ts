import { assert, ruleForRedelivery } from '@recalld/domain';
import type { AppNo, CallbackRule, ChatKind, Dialect } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { Schema } from '../schema.js';

/**
 * The callback rules in memory: every batch and every delivery needs them. Right as long as one
 * process writes the database, which the owner's lock sees to; what changes rules tells this.
 */
export interface RuleBook {
  /** The app's rules that are enabled and not removed. */
  enabled(app: AppNo): readonly CallbackRule[];
  /** A rule as it was in a version, also after it was removed. */
  version(ruleId: string, version: number): CallbackRule | undefined;
  has(ruleId: string, version: number): boolean;
  /** The rule that a delivery planned under a version is made again under. */
  forRedelivery(ruleId: string, plannedVersion: number): CallbackRule;
  /** Whose a rule is, also after it was removed. */
  appOf(ruleId: string): AppNo | undefined;
  /** Called inside the write that changes rules: nothing can be read in between. */
  forget(app: AppNo): void;
}

/** Rules joined to one of their versions. */
export function ruleVersions(db: Kysely<Schema>) {
  return db
    .selectFrom('callback_rules as r')
    .innerJoin('callback_rule_versions as v', 'v.rule_id', 'r.rule_id')
    .select(['r.rule_id', 'r.app_no', 'r.created_at'])
    .select(['v.version', 'v.name', 'v.url', 'v.dialect', 'v.chat_types', 'v.enabled', 'v.sealed_secret']);
}

/** Rules as they are now. */
export function currentRules(db: Kysely<Schema>, app: AppNo) {
  return ruleVersions(db)
    .whereRef('v.version', '=', 'r.current_version')
    .where('r.app_no', '=', app)
    .where('r.removed', '=', 0)
    .orderBy('r.created_at')
    .orderBy('r.rule_id');
}

export type RuleRow = Awaited<ReturnType<ReturnType<typeof ruleVersions>['execute']>>[number];

export function toRule(row: RuleRow): CallbackRule {
  return {
    id: row.rule_id,
    app: row.app_no,
    version: row.version,
    name: row.name,
    url: row.url,
    dialect: row.dialect as Dialect,
    chatTypes: JSON.parse(row.chat_types) as ChatKind[],
    enabled: row.enabled === 1,
    sealedSecret: row.sealed_secret,
    createdAt: row.created_at,
  };
}

export function createRuleBook(engine: SqliteEngine): RuleBook {
  const { db } = engine;
  const enabled = new Map<AppNo, readonly CallbackRule[]>();
  const versions = new Map<string, CallbackRule>();
  const apps = new Map<string, AppNo>();

  function readVersion(ruleId: string, version: number): CallbackRule | undefined {
    const query = ruleVersions(db).where('r.rule_id', '=', ruleId).where('v.version', '=', version);
    const [row] = engine.run<RuleRow>(query);
    return row && toRule(row);
  }

  function versionOf(ruleId: string, version: number): CallbackRule | undefined {
    const key = `${ruleId}/${version}`;
    const rule = versions.get(key) ?? readVersion(ruleId, version);
    if (rule !== undefined) versions.set(key, rule);
    return rule;
  }

  function appOf(ruleId: string): AppNo | undefined {
    const known = apps.get(ruleId);
    if (known !== undefined) return known;
    const [row] = engine.run(db.selectFrom('callback_rules').select('app_no').where('rule_id', '=', ruleId));
    if (row !== undefined) apps.set(ruleId, row.app_no);
    return row?.app_no;
  }

  function forRedelivery(ruleId: string, plannedVersion: number): CallbackRule {
    const planned = versionOf(ruleId, plannedVersion);
    assert(planned !== undefined, `rule ${ruleId} has a version ${plannedVersion}`);
    const current = ruleVersions(db)
      .where('r.rule_id', '=', ruleId)
      .whereRef('v.version', '=', 'r.current_version');
    const [row] = engine.run<RuleRow>(current);
    return row === undefined ? planned : ruleForRedelivery(planned, toRule(row));
  }

  return {
    appOf,
    forRedelivery,
    enabled(app) {
      const known = enabled.get(app);
      if (known !== undefined) return known;
      const rules = engine
        .run<RuleRow>(currentRules(db, app))
        .map(toRule)
        .filter((rule) => rule.enabled);
      enabled.set(app, rules);
      return rules;
    },
    version: versionOf,
    has: (ruleId, version) => versionOf(ruleId, version) !== undefined,
    forget: (app) => void enabled.delete(app),
  };
}
