import { isNews, probeNow } from '@recalld/domain';
import type { AppNo, Instant, RuleHealth, RuleHealths } from '@recalld/domain';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from '../schema.js';
import type { Write, Writer } from '../writer.js';
import type { RuleBook } from './ruleBook.js';
import { healthColumns, healthOf, healthRow, ruleVersions } from './ruleRows.js';

/**
 * Moves a rule's health on, in its row and in memory; nothing is written when it is the same. `news`:
 * it was suspended or resumed meanwhile, even if it is now as it was.
 */
export type MoveHealth = (ruleId: string, next: RuleHealth, news?: boolean) => Write<void>;

export function createMoveHealth(db: Kysely<Schema>, rules: RuleBook): MoveHealth {
  return function* moveHealth(ruleId, next, news = false) {
    if (rules.find(ruleId)?.health === next && !news) return;
    const untold = news ? { untold: 1 } : {};
    yield db
      .updateTable('callback_rules')
      .set({ ...healthRow(next), ...untold })
      .where('rule_id', '=', ruleId);
    rules.move(ruleId, next);
  };
}

export interface RuleHealthsDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly rules: RuleBook;
  readonly moveHealth: MoveHealth;
}

export function createRuleHealths({ db, writer, rules, moveHealth }: RuleHealthsDeps): RuleHealths {
  function* probe(app: AppNo, ruleId: string, now: Instant): Write<void> {
    const known = rules.find(ruleId);
    if (known?.rule.app !== app || known.removed) return;
    yield* moveHealth(ruleId, probeNow(known.health, now));
  }

  function* told(ruleId: string, health: RuleHealth): Write<void> {
    const now = rules.find(ruleId)?.health;
    if (now === undefined) return;
    const untold = isNews(health, now) ? 1 : 0;
    yield db.updateTable('callback_rules').set({ untold }).where('rule_id', '=', ruleId);
  }

  return {
    async ofApp(app) {
      const rows = await db
        .selectFrom('callback_rules')
        .select(['rule_id', ...healthColumns])
        .where('app_no', '=', app)
        .where('removed', '=', 0)
        .execute();
      return new Map(rows.map((row) => [row.rule_id, healthOf(row)]));
    },
    probeNow: (app, ruleId, now) => writer.write(() => probe(app, ruleId, now)),
    async untold(limit) {
      const rows = await ruleVersions(db)
        .whereRef('v.version', '=', 'r.current_version')
        .select(healthColumns.map((column) => `r.${column}` as const))
        // In the words of its index.
        .where(sql<boolean>`r.untold = 1 and r.removed = 0`)
        .orderBy('r.rule_id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        app: row.app_no,
        ruleId: row.rule_id,
        ruleName: row.name,
        health: healthOf(row),
      }));
    },
    told: (ruleId, health) => writer.write(() => told(ruleId, health)),
  };
}
