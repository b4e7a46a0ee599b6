import { streamDay } from '@recalld/domain';
import type { AppNo, Position, StreamId } from '@recalld/domain';
import { isLongStream, selectWholeLongStream } from '../commands/longStreams.js';
import type { Reads } from '../engines/database.js';
import { eventColumns } from '../eventRows.js';
import type { EventRow } from '../eventRows.js';
import type { TimelineItemsTable } from '../schema.js';
import { each, rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { streamKey } from './replay.js';

/** A stretch of the log. */
export interface Stretch {
  readonly after: Position;
  readonly through: Position;
}

export interface LogStretch extends Stretch {
  /** Those that stand in it, in their order. */
  readonly events: readonly EventRow[];
}

/** Reads the log and what was made of it side by side. */
export interface LogReads {
  /** The next stretch, with at most `limit` events and as many items in it; it ends at `last` at the latest. */
  next(after: Position, last: Position, limit: number): Steps<LogStretch>;
  /** The items whose events' positions lie in a stretch. */
  itemsIn(stretch: Stretch): Steps<readonly TimelineItemsTable[]>;
  itemsAt(positions: readonly Position[]): Steps<readonly TimelineItemsTable[]>;
  /**
   * Whole streams, each in the order of its versions; of long ones what `selectWholeLongStream` says, which
   * tells as much.
   */
  streams(keys: readonly { readonly app_no: AppNo; readonly stream: StreamId }[]): Steps<readonly EventRow[]>;
  /** The streams that the stretch has events of, as `streams`; of long ones what stands in the stretch. */
  streamsIn(stretch: LogStretch): Steps<readonly EventRow[]>;
}

export function createLogReads(reads: Reads): LogReads {
  const { db, statements } = reads;
  const itemAt = statements.select<{ position: Position }>({ position: 'whole' })(({ position }) =>
    db.selectFrom('timeline_items').selectAll().where('event_position', '=', position),
  );
  const ofStream = statements.select<{ app: AppNo; stream: StreamId; day: number }>({
    app: 'whole',
    stream: 'text',
    day: 'whole',
  })(({ app, stream, day }) =>
    db
      .selectFrom('events')
      .select(eventColumns)
      .where('stream_day', '=', day)
      .where('app_no', '=', app)
      .where('stream', '=', stream)
      .orderBy('version'),
  );
  const ofLongStream = selectWholeLongStream(reads);

  function* streams(keys: Parameters<LogReads['streams']>[0]): Steps<readonly EventRow[]> {
    const distinct = new Map(
      keys.map(({ app_no: app, stream }) => [streamKey({ app, stream }), { app, stream }]),
    );
    const wanted = [...distinct.values()];
    const [whole, long] = yield* together(
      each(
        ofStream,
        wanted
          .filter(({ stream }) => !isLongStream(stream))
          .map((key) => ({ ...key, day: streamDay(key.stream) })),
      ),
      each(
        ofLongStream,
        wanted.filter(({ stream }) => isLongStream(stream)),
      ),
    );
    return inOrder([...whole, ...long]);
  }

  return {
    *next(after, last, limit) {
      const [events, items] = yield* together(
        db
          .selectFrom('events')
          .select(eventColumns)
          .where('position', '>', after)
          .where('position', '<=', last)
          .orderBy('position')
          .limit(limit),
        db
          .selectFrom('timeline_items')
          .select('event_position as position')
          .where('event_position', '>', after)
          .where('event_position', '<=', last)
          .orderBy('event_position')
          .limit(limit),
      );
      const ends = [events, items].map((found) =>
        found.length < limit ? last : (found.at(-1)?.position ?? last),
      );
      const through = Math.min(...ends);
      return { after, through, events: events.filter(({ position }) => position <= through) };
    },
    itemsIn: ({ after, through }) =>
      rows(
        db
          .selectFrom('timeline_items')
          .selectAll()
          .where('event_position', '>', after)
          .where('event_position', '<=', through),
      ),
    itemsAt: (positions) =>
      rows(
        each(
          itemAt,
          positions.map((position) => ({ position })),
        ),
      ),
    streams,
    *streamsIn({ events }) {
      const others = yield* streams(events.filter(({ stream }) => !isLongStream(stream)));
      return inOrder([...others, ...events.filter(({ stream }) => isLongStream(stream))]);
    },
  };
}

function inOrder(events: readonly EventRow[]): readonly EventRow[] {
  return [...events].sort((a, b) => a.version - b.version);
}
