import type { AppNo, CallbackRule, RuleHealth } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { GenerationCounter } from '../directory/generations.js';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { currentRules, healthColumns, healthOf, ruleVersions, toRule } from './ruleRows.js';

/** A rule as it now is. */
export interface KnownRule {
  readonly rule: CallbackRule;
  readonly removed: boolean;
  readonly health: RuleHealth;
}

export function maySend({ rule, removed }: KnownRule): boolean {
  return rule.enabled && !removed;
}

/** The callback rules of one generation, each read once: every batch, delivery and outcome needs them. */
export interface Rules {
  /** The app's rules that are enabled and not removed. */
  enabled(app: AppNo): Steps<readonly CallbackRule[]>;
  /** A rule as it now is, also after it was removed. */
  find(ruleId: string): Steps<KnownRule | undefined>;
  /**
   * The rule that a delivery planned under a version is attempted under, as `ruleForAttempt` says, also
   * after it was removed; undefined when it never had that version.
   */
  forAttempt(ruleId: string, plannedVersion: number): Steps<CallbackRule | undefined>;
}

/** The callback rules in memory, as they are at the moment that somebody opens it. */
export interface RuleBook {
  open(): Steps<Rules>;
  /** The rules of a generation that was just read. */
  at(generation: number): Rules;
}

export function createRuleBook(db: Kysely<Schema>, generations: GenerationCounter): RuleBook {
  const queries = compileAll(db);
  let current: { readonly generation: number; readonly rules: Rules } | undefined;

  function at(generation: number): Rules {
    if (current?.generation !== generation) current = { generation, rules: createRules(db, queries) };
    return current.rules;
  }

  return {
    *open() {
      return at((yield* generations.now()).rules);
    },
    at,
  };
}

type Queries = ReturnType<typeof compileAll>;

function createRules(db: Kysely<Schema>, { readForAttempt, readKnown }: Queries): Rules {
  const enabled = new Map<AppNo, readonly CallbackRule[]>();
  const known = new Map<string, KnownRule>();
  /** By rule and planned version. */
  const attempts = new Map<string, CallbackRule>();

  return {
    *enabled(app) {
      const remembered = enabled.get(app);
      if (remembered !== undefined) return remembered;
      const found = yield* rows(currentRules(db, app));
      const rules = found.map(toRule).filter((rule) => rule.enabled);
      enabled.set(app, rules);
      return rules;
    },
    *find(ruleId) {
      const remembered = known.get(ruleId);
      if (remembered !== undefined) return remembered;
      const [row] = yield* rows(fill(readKnown, { ruleId }));
      if (row === undefined) return undefined;
      const found = { rule: toRule(row), removed: row.removed === 1, health: healthOf(row) };
      known.set(ruleId, found);
      return found;
    },
    *forAttempt(ruleId, plannedVersion) {
      const now = known.get(ruleId)?.rule;
      if (now?.version === plannedVersion) return now;
      const key = `${ruleId}/${plannedVersion}`;
      const remembered = attempts.get(key);
      if (remembered !== undefined) return remembered;
      const [row] = yield* rows(fill(readForAttempt, { ruleId, plannedVersion }));
      if (row === undefined) return undefined;
      const rule = toRule(row);
      attempts.set(key, rule);
      return rule;
    },
  };
}

function compileAll(db: Kysely<Schema>) {
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
  return { readForAttempt, readKnown };
}
