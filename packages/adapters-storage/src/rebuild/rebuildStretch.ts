import { conversationTimeline, isConversationEvent } from '@recalld/domain';
import type { Position, RecordedEvent } from '@recalld/domain';
import { sql } from 'kysely';
import { itemKinds } from '../commands/readModels.js';
import type { Reads } from '../engines/database.js';
import { toEvent } from '../eventRows.js';
import type { TimelineItemsTable } from '../schema.js';
import { each } from '../steps.js';
import type { Steps } from '../steps.js';
import { differences } from './differences.js';
import { createHoldTimelines } from './heldTimelines.js';
import type { LogReads } from './logReads.js';
import { replayItems } from './replay.js';
import type { ConversationKey } from './replay.js';
import type { PutConversationsRight } from './conversations.js';

export type RebuildStretch = (
  after: Position,
  last: Position,
  limit: number,
) => Steps<{ readonly through: Position; readonly changed: number }>;

/**
 * Puts right what follows from the next stretch of the log, row by row and in place. Timelines are held
 * first, so that a recall is seen or comes after; then the rows are read, and only then the streams: what
 * ends without its timeline, as an expiry does, is in what is read last, or changes its row after this.
 */
export function createRebuildStretch(
  reads: Reads,
  log: LogReads,
  conversations: PutConversationsRight,
): RebuildStretch {
  const holdTimelines = createHoldTimelines(reads);
  const { put, remove } = compileAll(reads);

  return function* rebuildStretch(after, last, limit) {
    const stretch = yield* log.next(after, last, limit);
    const { through } = stretch;
    const events = stretch.events.map(toEvent);
    const held = yield* holdTimelines(events);
    const found = yield* log.itemsIn(stretch);
    const streams = (yield* log.streamsIn(stretch)).map(toEvent);
    const items = [...replayItems(streams).values()];
    // Of messages that this stretch ends, and that stand elsewhere.
    const elsewhere = items.filter(({ row }) => row.event_position <= after || row.event_position > through);
    const heldToo = yield* holdTimelines(eventsAt(streams, elsewhere));
    const foundToo = yield* log.itemsAt(elsewhere.map(({ row }) => row.event_position));
    const wanted = items.map(({ app, timeline, row }): TimelineItemsTable => ({
      ...row,
      timeline_no: (elsewhere.some((item) => item.row === row) ? heldToo : held).no(app, timeline),
    }));
    const { missing, wrong, extra } = differences(wanted, [...found, ...foundToo]);
    yield [each(put, [...missing, ...wrong]), each(remove, extra)];
    const moved = yield* conversations.ofLog(events.flatMap(conversationsOf));
    const changed = missing.length + wrong.length + extra.length + held.raised + heldToo.raised + moved;
    return { through, changed };
  };
}

function eventsAt(
  events: readonly RecordedEvent[],
  items: readonly { readonly row: { readonly event_position: Position } }[],
): readonly RecordedEvent[] {
  const positions = new Set(items.map(({ row }) => row.event_position));
  return events.filter(({ position }) => positions.has(position));
}

/** The conversation that an event changes. */
function conversationsOf(event: RecordedEvent): readonly ConversationKey[] {
  if (!isConversationEvent(event)) return [];
  const { user, kind, channel } = event.data;
  return [{ app_no: event.app, user, timeline: conversationTimeline(user, kind, channel) }];
}

function compileAll({ statements }: Reads) {
  const { event_position: key, ...rest } = itemKinds;
  const set = sql.join(
    Object.keys(rest).map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`),
  );
  return {
    put: statements.insert(
      'timeline_items',
      itemKinds,
      sql`on conflict (event_position) do update set ${set}`,
    ),
    remove: statements.change<Pick<TimelineItemsTable, 'event_position'>>({ event_position: key })(
      ({ event_position }, start) =>
        start.deleteFrom('timeline_items').where('timeline_items.event_position', '=', event_position),
    ),
  };
}
