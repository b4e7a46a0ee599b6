import { changesAttempts, limits, probeNow } from '@recalld/domain';
import type { AppNo, CallbackRule, CallbackRuleChange, CallbackRules } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { GenerationCounter } from '../directory/generations.js';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { MoveHealth } from './moveHealth.js';
import { createGiveUpRemoved } from './removedRules.js';
import { currentRules, toRule, versionRow, withoutSecrets } from './ruleRows.js';

export interface CallbackRulesDeps {
  readonly database: Database;
  readonly generations: GenerationCounter;
  readonly moveHealth: MoveHealth;
}

type Expected = Parameters<CallbackRules['change']>[3];

export function readCallbackRules(db: Kysely<Schema>): Pick<CallbackRules, 'list' | 'find'> {
  return {
    list: async (app) => (await currentRules(db, app).execute()).map(toRule),
    async find(app, id) {
      const row = await currentRules(db, app).where('r.rule_id', '=', id).executeTakeFirst();
      return row && toRule(row);
    },
  };
}

/** Each change is a version of its own, so that a delivery finds the rule that it was planned under. */
export function createCallbackRules({ database, generations, moveHealth }: CallbackRulesDeps): CallbackRules {
  const { db, words } = database;

  /** One after the other changes the rules of an app: names and their number are looked up before. */
  const holdRulesOf = (app: AppNo) =>
    db.selectFrom('apps').select('app_no').where('app_no', '=', app).modifyEnd(words.forNoKeyUpdate);

  function* isTaken(app: AppNo, name: string, except: string): Steps<boolean> {
    const query = currentRules(db, app).where('r.name', '=', name).where('r.rule_id', '<>', except);
    return (yield* rows(query)).length > 0;
  }

  const addVersion = (rule: CallbackRule) => db.insertInto('callback_rule_versions').values(versionRow(rule));

  const dropSecrets = (id: string) =>
    db
      .updateTable('callback_rule_versions')
      .set(withoutSecrets)
      .where('rule_id', '=', id)
      .where((e) =>
        e.or([
          e('sealed_secret', 'is not', null),
          e('sealed_previous_secret', 'is not', null),
          e('sealed_tls_key', 'is not', null),
        ]),
      );

  function* create(rule: Omit<CallbackRule, 'version'>): Steps<CallbackRule | 'nameTaken' | 'tooMany'> {
    yield holdRulesOf(rule.app);
    const others = yield* rows(currentRules(db, rule.app).clearSelect().select('r.rule_id'));
    if (others.length >= limits.callbackRulesMax) return 'tooMany';
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
    yield addVersion(created);
    yield generations.raised('rules');
    return created;
  }

  function* change(
    app: AppNo,
    id: string,
    changed: CallbackRuleChange,
    { version, now }: Expected,
  ): Steps<CallbackRule | 'nameTaken' | 'unknown' | 'moved'> {
    yield holdRulesOf(app);
    const [row] = yield* rows(currentRules(db, app).where('r.rule_id', '=', id));
    if (row === undefined) return 'unknown';
    if (row.version !== version) return 'moved';
    if (changed.name !== undefined && (yield* isTaken(app, changed.name, id))) return 'nameTaken';
    const before = toRule(row);
    const rule = { ...before, ...changed, version: row.version + 1 };
    yield db
      .updateTable('callback_rules')
      .set({ name: rule.name, current_version: rule.version })
      .where('rule_id', '=', id);
    yield dropSecrets(id).where('dialect', '=', rule.dialect);
    yield addVersion(rule);
    if (changesAttempts(before, rule)) {
      yield* moveHealth(new Map([[id, [(health) => probeNow(health, now)]]]));
    }
    yield generations.raised('rules');
    return rule;
  }

  function* remove(app: AppNo, id: string): Steps<boolean> {
    yield holdRulesOf(app);
    const [found] = yield* rows(
      db
        .selectFrom('callback_rules')
        .select('rule_id')
        .where('app_no', '=', app)
        .where('rule_id', '=', id)
        .where('removed', '=', 0)
        .modifyEnd(words.forUpdate),
    );
    if (found === undefined) return false;
    // Nobody plans, settles or sends again any of its deliveries now.
    yield db.updateTable('callback_rules').set({ removed: 1 }).where('rule_id', '=', id);
    yield dropSecrets(id);
    yield generations.raised('rules');
    return true;
  }

  return {
    ...readCallbackRules(db),
    create: (rule) => database.writeGuarded(() => create(rule)),
    change: (app, id, changed, expected) => database.writeGuarded(() => change(app, id, changed, expected)),
    remove: (app, id) => database.writeGuarded(() => remove(app, id)),
    giveUpRemoved: createGiveUpRemoved(database),
  };
}
