import type { SealedSecrets } from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { changes, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { GenerationCounter } from './generations.js';

/** Where sealed texts are: the columns of each table, and what names its rows. A new one belongs here. */
const places = [
  {
    table: 'apps',
    key: ['app_no'],
    columns: ['sealed_client_secret', 'sealed_sdk_app_key', 'sealed_token_key'],
  },
  {
    table: 'callback_rule_versions',
    key: ['rule_id', 'version'],
    columns: ['sealed_secret', 'sealed_previous_secret', 'sealed_tls_key'],
  },
  { table: 'secrets', key: ['name'], columns: ['sealed'] },
] as const satisfies readonly {
  readonly table: keyof Schema;
  readonly key: readonly string[];
  readonly columns: readonly string[];
}[];

export function createSealedSecrets(database: Database, generations: GenerationCounter): SealedSecrets {
  const { db } = database;

  function* replaceIn(
    { table, key }: (typeof places)[number],
    column: string,
    reseal: (sealed: string) => string | undefined,
  ): Steps<number> {
    const from = sql.table(table);
    const found = yield* rows<Readonly<Record<string, string>>>(
      sql`
        select ${sql.join(key.map((part) => sql.ref(part)))}, ${sql.ref(column)} as sealed_text
        from ${from} where ${sql.ref(column)} is not null`.compile(db),
    );
    let replaced = 0;
    for (const row of found) {
      const resealed = reseal(row['sealed_text'] ?? '');
      if (resealed === undefined) continue;
      const named = key.map((part) => sql`${sql.ref(part)} = ${row[part]}`);
      replaced += yield* changes(
        sql`update ${from} set ${sql.ref(column)} = ${resealed} where ${sql.join(named, sql` and `)}`.compile(
          db,
        ),
      );
    }
    return replaced;
  }

  function* replace(reseal: (sealed: string) => string | undefined): Steps<number> {
    let replaced = 0;
    for (const place of places) {
      for (const column of place.columns) replaced += yield* replaceIn(place, column, reseal);
    }
    yield generations.raised('apps');
    yield generations.raised('rules');
    return replaced;
  }

  return { replace: (reseal) => database.write(() => replace(reseal)) };
}
