import { isNews, probeNow } from '@recalld/domain';
import type { AppNo, Instant, RuleHealth, RuleHealths } from '@recalld/domain';
import { sql } from 'kysely';
import type { GenerationCounter } from '../directory/generations.js';
import type { Database } from '../engines/database.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { MoveHealth } from './moveHealth.js';
import type { RuleBook } from './ruleBook.js';
import { healthColumns, healthOf, ruleVersions } from './ruleRows.js';

export interface RuleHealthsDeps {
  readonly database: Database;
  readonly rules: RuleBook;
  readonly generations: GenerationCounter;
  readonly moveHealth: MoveHealth;
}

export function createRuleHealths({
  database,
  rules,
  generations,
  moveHealth,
}: RuleHealthsDeps): RuleHealths {
  const { db, words } = database;

  function* probe(app: AppNo, ruleId: string, now: Instant): Steps<void> {
    const book = yield* rules.open();
    const known = yield* book.find(ruleId);
    if (known?.rule.app !== app || known.removed) return;
    const { moved } = yield* moveHealth(new Map([[ruleId, [(health) => probeNow(health, now)]]]));
    if (moved) yield generations.raised('rules');
  }

  function* told(ruleId: string, health: RuleHealth): Steps<void> {
    const [row] = yield* rows(
      db
        .selectFrom('callback_rules')
        .select(healthColumns)
        .where('rule_id', '=', ruleId)
        .modifyEnd(words.forNoKeyUpdate),
    );
    if (row === undefined) return;
    const untold = isNews(health, healthOf(row)) ? 1 : 0;
    yield db.updateTable('callback_rules').set({ untold }).where('rule_id', '=', ruleId);
  }

  return {
    async ofApp(app) {
      const found = await db
        .selectFrom('callback_rules')
        .select(['rule_id', ...healthColumns])
        .where('app_no', '=', app)
        .where('removed', '=', 0)
        .execute();
      return new Map(found.map((row) => [row.rule_id, healthOf(row)]));
    },
    probeNow: (app, ruleId, now) => database.write(() => probe(app, ruleId, now)),
    async untold(limit) {
      const found = await ruleVersions(db)
        .whereRef('v.version', '=', 'r.current_version')
        .select(healthColumns.map((column) => `r.${column}` as const))
        // In the words of its index.
        .where(sql<boolean>`r.untold = 1 and r.removed = 0`)
        .orderBy('r.rule_id')
        .limit(limit)
        .execute();
      return found.map((row) => ({
        app: row.app_no,
        ruleId: row.rule_id,
        ruleName: row.name,
        health: healthOf(row),
      }));
    },
    told: (ruleId, health) => database.write(() => told(ruleId, health)),
  };
}
