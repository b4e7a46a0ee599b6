import { restraintScopeText } from '@recalld/domain';
import type { AppNo, RestraintKey, Restraints, RestraintScope, UserId } from '@recalld/domain';
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database, Reads } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';

export function createRestraints(database: Database): Restraints {
  const { db } = database;
  const find = createFindRestraints(database);

  function* impose(
    app: AppNo,
    scope: RestraintScope,
    users: readonly UserId[],
    { until, now, most }: Parameters<Restraints['impose']>[3],
  ): Steps<'imposed' | 'full'> {
    const asked = new Set(users);
    if (most !== null) {
      const bound = yield* rows(inScope(db, app, scope).where(bindsAt(now)).select('user'));
      const others = bound.filter(({ user }) => !asked.has(user));
      if (others.length + asked.size > most) return 'full';
    }
    if (asked.size === 0) return 'imposed';
    const all = deleteIn(db, app, scope);
    yield all.where('until_at', '<=', now);
    yield all.where('user', 'in', [...asked]);
    const row = { app_no: app, scope: restraintScopeText(scope), until_at: until };
    yield db.insertInto('restraints').values([...asked].map((user) => ({ ...row, user })));
    return 'imposed';
  }

  function* lift(app: AppNo, scope: RestraintScope, users: readonly UserId[]): Steps<void> {
    if (users.length > 0) yield deleteIn(db, app, scope).where('user', 'in', [...users]);
  }

  return {
    impose: (app, scope, users, how) => database.write(() => impose(app, scope, users, how)),
    lift: (app, scope, users) => database.write(() => lift(app, scope, users)),
    list: async (app, scope, now) =>
      inScope(db, app, scope)
        .where(bindsAt(now))
        .select(['user', 'until_at as until'])
        .orderBy('restraint_no', 'desc')
        .execute(),
    find: (app, scopes, user) =>
      database.read(function* () {
        const found = yield* rows(
          each(
            find,
            scopes.map((scope) => restraintRow(app, { scope, user })),
          ),
        );
        const byScope = new Map(found.map((row) => [row.scope, { until: row.until_at }]));
        return scopes.map((scope) => byScope.get(restraintScopeText(scope)));
      }),
    setDisabled: (app, key, disabled) =>
      database.write(function* () {
        const changed = yield* rows(
          db
            .updateTable('chats')
            .set({ disabled: disabled ? 1 : 0 })
            .where('app_no', '=', app)
            .where('chat', '=', key.id)
            .where('kind', '=', key.kind)
            .returning('chat'),
        );
        return changed.length > 0;
      }),
  };
}

/** The columns that name a restraint. */
export function restraintRow(app: AppNo, { scope, user }: RestraintKey) {
  return { app, scope: restraintScopeText(scope), user };
}

/** Finds restraints by {@link restraintRow}. */
export function createFindRestraints({ db, statements }: Pick<Reads, 'db' | 'statements'>) {
  return statements.select<ReturnType<typeof restraintRow>>({ app: 'whole', scope: 'text', user: 'text' })(
    ({ app, scope, user }) =>
      db
        .selectFrom('restraints')
        .select(['app_no', 'scope', 'user', 'until_at'])
        .where('app_no', '=', app)
        .where('scope', '=', scope)
        .where('user', '=', user),
  );
}

/** Lifts what restrains anybody there. */
export function deleteIn(db: Kysely<Schema>, app: AppNo, scope: RestraintScope) {
  return db.deleteFrom('restraints').where('app_no', '=', app).where('scope', '=', restraintScopeText(scope));
}

function inScope(db: Kysely<Schema>, app: AppNo, scope: RestraintScope) {
  return db.selectFrom('restraints').where('app_no', '=', app).where('scope', '=', restraintScopeText(scope));
}

function bindsAt(now: number) {
  return (e: ExpressionBuilder<Schema, 'restraints'>) =>
    e.or([e('until_at', 'is', null), e('until_at', '>', now)]);
}
