import type { Clock, Leases } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import { changes } from '../steps.js';

/** One statement decides who has it: whoever comes second finds the first one's row. */
export function createLeases(database: Database, clock: Clock): Leases {
  const { db } = database;
  const taking = (name: string, owner: string, now: number, until: number) =>
    db
      .insertInto('leases')
      .values({ name, owner, until })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ owner, until })
          .where((e) => e.or([e('leases.owner', '=', owner), e('leases.until', '<=', now)])),
      );

  return {
    take(name, owner, forMs) {
      const now = clock.now();
      return database.writeGuarded(function* () {
        return (yield* changes(taking(name, owner, now, now + forMs))) > 0;
      });
    },
    release: (name, owner) =>
      database.writeGuarded(function* () {
        yield db.deleteFrom('leases').where('name', '=', name).where('owner', '=', owner);
      }),
  };
}
