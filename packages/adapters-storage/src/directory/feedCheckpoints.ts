import type { FeedCheckpoints } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';

export function readFeedCheckpoints(db: Kysely<Schema>): Pick<FeedCheckpoints, 'read'> {
  return {
    async read(feed) {
      const query = db.selectFrom('feed_checkpoints').select('position').where('feed', '=', feed);
      return (await query.executeTakeFirst())?.position;
    },
  };
}

/** A feed that lost its last steps makes them again: they need not wait for the disk. */
export function createFeedCheckpoints(database: Database): FeedCheckpoints {
  const { db } = database;
  return {
    ...readFeedCheckpoints(db),
    write: (feed, position) =>
      database.writeRelaxed(function* () {
        yield db
          .insertInto('feed_checkpoints')
          .values({ feed, position })
          .onConflict((conflict) => conflict.column('feed').doUpdateSet({ position }));
      }),
  };
}
