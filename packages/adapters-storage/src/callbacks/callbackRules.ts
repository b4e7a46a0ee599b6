import type { AppNo, CallbackRule, CallbackRuleChange, CallbackRules } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { currentRules, toRule } from './ruleBook.js';
import type { RuleBook } from './ruleBook.js';

export interface CallbackRulesDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly rules: RuleBook;
}

/** Each change is a version of its own, so that a delivery finds the rule that it was planned under. */
export function createCallbackRules({ db, writer, rules }: CallbackRulesDeps): CallbackRules {
  function* isTaken(app: AppNo, name: string, except: string): Write<boolean> {
    const query = currentRules(db, app).where('r.name', '=', name).where('r.rule_id', '<>', except);
    return (yield* rows(query)).length > 0;
  }

  function* addVersion(rule: CallbackRule): Write<void> {
    yield db.insertInto('callback_rule_versions').values({
      rule_id: rule.id,
      version: rule.version,
      name: rule.name,
      url: rule.url,
      dialect: rule.dialect,
      chat_types: JSON.stringify(rule.chatTypes),
      enabled: rule.enabled ? 1 : 0,
      sealed_secret: rule.sealedSecret,
    });
    rules.forget(rule.app);
  }

  function* create(rule: Omit<CallbackRule, 'version'>): Write<CallbackRule | 'nameTaken'> {
    if (yield* isTaken(rule.app, rule.name, rule.id)) return 'nameTaken';
    yield db.insertInto('callback_rules').values({
      rule_id: rule.id,
      app_no: rule.app,
      name: rule.name,
      current_version: 1,
      created_at: rule.createdAt,
      removed: 0,
    });
    const created = { ...rule, version: 1 };
    yield* addVersion(created);
    return created;
  }

  function* change(
    app: AppNo,
    id: string,
    changed: CallbackRuleChange,
  ): Write<CallbackRule | 'nameTaken' | 'unknown'> {
    const [row] = yield* rows(currentRules(db, app).where('r.rule_id', '=', id));
    if (row === undefined) return 'unknown';
    if (changed.name !== undefined && (yield* isTaken(app, changed.name, id))) return 'nameTaken';
    const rule = { ...toRule(row), ...changed, version: row.version + 1 };
    yield db
      .updateTable('callback_rules')
      .set({ name: rule.name, current_version: rule.version })
      .where('rule_id', '=', id);
    yield* addVersion(rule);
    return rule;
  }

  function* remove(app: AppNo, id: string): Write<boolean> {
    const removed = yield* rows(
      db
        .updateTable('callback_rules')
        .set({ removed: 1 })
        .where('app_no', '=', app)
        .where('rule_id', '=', id)
        .where('removed', '=', 0)
        .returning('rule_id'),
    );
    if (removed.length === 0) return false;
    yield db
      .updateTable('deliveries')
      .set({ stage: 'dead', due_at: null, lease_owner: null })
      .where('rule_id', '=', id)
      .where('due_at', 'is not', null);
    rules.forget(app);
    return true;
  }

  return {
    create: (rule) => writer.write(() => create(rule)),
    list: async (app) => (await currentRules(db, app).execute()).map(toRule),
    async find(app, id) {
      const row = await currentRules(db, app).where('r.rule_id', '=', id).executeTakeFirst();
      return row && toRule(row);
    },
    change: (app, id, changed) => writer.write(() => change(app, id, changed)),
    remove: (app, id) => writer.write(() => remove(app, id)),
  };
}
