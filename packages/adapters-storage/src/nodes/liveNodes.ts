import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { rows } from '../steps.js';

/** How many nodes hold the lease of their number, by the database's own clock. */
export function createLiveNodes({ db, read }: Reads): () => Promise<number> {
  const live = db
    .selectFrom('nodes')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('owner', 'is not', null)
    .where('lease_until', '>', sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`);
  return async () => {
    const [row] = await read(() => rows(live));
    return row?.count ?? 0;
  };
}
