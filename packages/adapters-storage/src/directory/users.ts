import type { User, Users } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import type { Schema, UsersTable } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';

/** SQLite takes 32,766 parameters a statement; a user has eight. */
const usersPerInsert = 1_000;

export function createUsers(db: Kysely<Schema>, writer: Writer): Users {
  function* register(users: readonly User[]): Write<{ readonly taken: readonly string[] }> {
    const present = new Set<string>();
    const taken: string[] = [];
    for (const { app, id } of users) {
      const known = yield* rows(userOf(db, app, id).select('user'));
      if (known.length > 0 || present.has(`${app}/${id}`)) taken.push(id);
      present.add(`${app}/${id}`);
    }
    if (taken.length > 0) return { taken };
    for (let at = 0; at < users.length; at += usersPerInsert) {
      const part = users.slice(at, at + usersPerInsert);
      yield db.insertInto('users').values(part.map(columnsOf));
    }
    return { taken };
  }

  return {
    register: (users) => writer.write(() => register(users)),
    async find(app, user) {
      const row = await userOf(db, app, user).selectAll().executeTakeFirst();
      return row && toUser(row);
    },
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
