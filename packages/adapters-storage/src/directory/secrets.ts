import type { Secrets } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';

const named = (db: Kysely<Schema>, name: string) =>
  db.selectFrom('secrets').select('sealed').where('name', '=', name);

export function readSecrets(db: Kysely<Schema>): Pick<Secrets, 'get'> {
  return { get: async (name) => (await named(db, name).executeTakeFirst())?.sealed };
}

export function createSecrets(database: Database): Secrets {
  const { db } = database;

  function* putIfAbsent(name: string, sealed: string): Steps<string> {
    const [known] = yield* rows(named(db, name));
    if (known !== undefined) return known.sealed;
    yield db.insertInto('secrets').values({ name, sealed });
    return sealed;
  }

  return {
    ...readSecrets(db),
    putIfAbsent: (name, sealed) => database.write(() => putIfAbsent(name, sealed)),
  };
}
