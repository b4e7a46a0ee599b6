import type { AppNo, Position, User, UserId, Users } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import { devicesOf, forgetDevices } from '../devices/forgetDevices.js';
import type { Database } from '../engines/database.js';
import type { Schema, UsersTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { deleteIn } from './restraints.js';

export function createUsers(database: Database): Users {
  const { db, statements, lastTaken } = database;
  const find = statements.select<Pick<User, 'app' | 'id'>>({ app: 'whole', id: 'text' })(({ app, id }) =>
    userOf(db, app, id).select(['app_no', 'user']),
  );
  const insert = statements.insert('users', {
    app_no: 'whole',
    user: 'text',
    uuid: 'text',
    nickname: 'text',
    password_hash: 'text',
    activated: 'whole',
    created_at: 'whole',
    modified_at: 'whole',
  });
  /** Who gets the name of a removed user begins here. */
  const beginAt = statements.change<Pick<User, 'app' | 'id'> & { readonly through: Position }>({
    app: 'whole',
    id: 'text',
    through: 'whole',
  })(({ app, id, through }, start) =>
    start.update('former_users').set({ through }).where('app_no', '=', app).where('user', '=', id),
  );

  function* register(users: readonly User[]): Steps<{ readonly taken: readonly string[] }> {
    const known = yield* rows(each(find, users));
    const present = new Set(known.map((row) => `${row.app_no}/${row.user}`));
    const taken: string[] = [];
    for (const { app, id } of users) {
      if (present.has(`${app}/${id}`)) taken.push(id);
      present.add(`${app}/${id}`);
    }
    if (taken.length > 0) return { taken };
    yield each(insert, users.map(columnsOf));
    const [last] = yield* rows(lastTaken);
    const through = last?.position ?? 0;
    yield each(
      beginAt,
      users.map(({ app, id }) => ({ app, id, through })),
    );
    return { taken };
  }

  function* change(
    app: AppNo,
    user: UserId,
    { nickname, passwordHash, activated, modifiedAt }: Parameters<Users['change']>[2],
  ): Steps<User | undefined> {
    const [row] = yield* rows(
      db
        .updateTable('users')
        .set({
          modified_at: modifiedAt,
          ...(nickname === undefined ? {} : { nickname }),
          ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
          ...(activated === undefined ? {} : { activated: activated ? 1 : 0 }),
        })
        .where('app_no', '=', app)
        .where('user', '=', user)
        .returningAll(),
    );
    return row && toUser(row);
  }

  function* remove(app: AppNo, user: UserId): Steps<User | undefined> {
    yield deleteIn(db, app, { by: 'user', user });
    const [row] = yield* rows(
      db.deleteFrom('users').where('app_no', '=', app).where('user', '=', user).returningAll(),
    );
    if (row === undefined) return undefined;
    yield db
      .insertInto('former_users')
      .values({ app_no: app, user, through: 0 })
      .onConflict((conflict) => conflict.columns(['app_no', 'user']).doUpdateSet({ through: 0 }));
    yield* forgetDevices(db, devicesOf(db, app, user).select('device_no'));
    return toUser(row);
  }

  return {
    register: (users) => database.write(() => register(users)),
    async find(app, user) {
      const row = await userOf(db, app, user).selectAll().executeTakeFirst();
      return row && toUser(row);
    },
    change: (app, user, changed) => database.write(() => change(app, user, changed)),
    remove: (app, user) => database.write(() => remove(app, user)),
  };
}

function userOf(db: Kysely<Schema>, app: number, user: string) {
  return db.selectFrom('users').where('app_no', '=', app).where('user', '=', user);
}

function columnsOf(user: User): Selectable<UsersTable> {
  return {
    app_no: user.app,
    user: user.id,
    uuid: user.uuid,
    nickname: user.nickname,
    password_hash: user.passwordHash,
    activated: user.activated ? 1 : 0,
    created_at: user.createdAt,
    modified_at: user.modifiedAt,
  };
}

function toUser(row: Selectable<UsersTable>): User {
  return {
    app: row.app_no,
    id: row.user,
    uuid: row.uuid,
    nickname: row.nickname,
    passwordHash: row.password_hash,
    activated: row.activated === 1,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}
