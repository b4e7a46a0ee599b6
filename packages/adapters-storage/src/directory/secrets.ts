import type { Secrets } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';

export function createSecrets(db: Kysely<Schema>, writer: Writer): Secrets {
  const named = (name: string) => db.selectFrom('secrets').select('sealed').where('name', '=', name);

  function* putIfAbsent(name: string, sealed: string): Write<string> {
    const [known] = yield* rows(named(name));
    if (known !== undefined) return known.sealed;
    yield db.insertInto('secrets').values({ name, sealed });
    return sealed;
  }

  return {
    get: async (name) => (await named(name).executeTakeFirst())?.sealed,
    putIfAbsent: (name, sealed) => writer.write(() => putIfAbsent(name, sealed)),
  };
}
