import type { Clock, Leases } from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import { changes } from '../steps.js';
import type { Query } from '../steps.js';

/**
 * One statement decides who has it: whoever comes second finds the first one's row. When that is over is a
 * matter of the database's time: a node that is wrong about it takes nothing away from another.
 */
export function createLeases(database: Database, clock: Clock): Leases {
  const { db, words } = database;
  function taking(name: string, owner: string, forMs: number): Query {
    const now = words.now(clock);
    const until = sql<number>`${now} + ${sql.lit(forMs)}`;
    return db
      .insertInto('leases')
      .values({ name, owner, until })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ owner, until })
          .where((e) => e.or([e('leases.owner', '=', owner), e('leases.until', '<=', now)])),
      );
  }

  return {
    take: (name, owner, forMs) =>
      database.writeGuarded(function* () {
        return (yield* changes(taking(name, owner, forMs))) > 0;
      }),
    release: (name, owner) =>
      database.writeGuarded(function* () {
        yield db.deleteFrom('leases').where('name', '=', name).where('owner', '=', owner);
      }),
  };
}
