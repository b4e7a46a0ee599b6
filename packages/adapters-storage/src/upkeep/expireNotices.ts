import type { Clock, Position } from '@recalld/domain';
import type { Bodies } from '../bodies/bodies.js';
import type { Database } from '../engines/database.js';
import { createPositionBefore } from '../readers/positionBefore.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Upkeep } from './upkeep.js';

export interface ExpireNoticesDeps {
  readonly database: Database;
  readonly bodies: Bodies;
  readonly clock: Clock;
  /** How long content is kept, ms. */
  readonly messageRetentionMs: number;
}

const hourMs = 3_600_000;
/** A few ms of the one connection that writes. */
const itemsPerRun = 2_000;
/** Where the log was gone through, under a name of its own among the feeds. */
const placeName = 'expired notices';

/**
 * What recalls and acknowledgements say is content too, and has the messages' time. Messages name theirs, and
 * are ended one by one; notices go in the order of the log, from where the last run came to. Where days are
 * dropped as a whole, nobody needs this.
 */
export function expireNotices({ database, bodies, clock, messageRetentionMs }: ExpireNoticesDeps): Upkeep {
  const { db } = database;
  const positionBefore = createPositionBefore(database);

  function* expire(): Steps<{ readonly erased: boolean; readonly more: boolean }> {
    const [place] = yield* rows(
      db.selectFrom('feed_checkpoints').select('position').where('feed', '=', placeName),
    );
    const after = place?.position ?? 0;
    const last = yield* positionBefore(clock.now() - messageRetentionMs);
    const { through, looked } = yield* stretchAfter(after, last);
    if (through <= after) return { erased: false, more: false };
    const found = yield* rows(
      db
        .selectFrom('timeline_items as i')
        .innerJoin('bodies as b', 'b.position', 'i.event_position')
        .select(['b.position', 'b.item_id as item'])
        .where('i.event_position', '>', after)
        .where('i.event_position', '<=', through)
        .where('i.kind', '<>', 'message')
        .where('b.payload', 'is not', null),
    );
    yield [...bodies.erase(found)];
    yield db
      .insertInto('feed_checkpoints')
      .values({ feed: placeName, position: through })
      .onConflict((conflict) => conflict.column('feed').doUpdateSet({ position: through }));
    return { erased: found.length > 0, more: looked === itemsPerRun };
  }

  /** The items behind a position, as many as one run looks at. */
  function* stretchAfter(after: Position, last: Position): Steps<{ through: Position; looked: number }> {
    const items = yield* rows(
      db
        .selectFrom('timeline_items')
        .select('event_position as position')
        .where('event_position', '>', after)
        .where('event_position', '<=', last)
        .orderBy('event_position')
        .limit(itemsPerRun),
    );
    return { through: items.at(-1)?.position ?? after, looked: items.length };
  }

  return {
    name: 'expire notices',
    intervalMs: hourMs,
    async run() {
      const { erased, more } = await database.write(expire);
      if (erased) database.contentErased();
      return more;
    },
  };
}
