import { never } from '@recalld/domain';
import type { AppNo, StreamId } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { RowChange } from '../projection.js';
import type { ConversationsTable, TimelineItemsTable } from '../schema.js';
import { template } from '../statements.js';
import type { Streams } from './streams.js';
import type { TimelineCounters } from './timelineCounters.js';

/** Carries out what the projection says, one prepared statement per kind of change. */
export function createReadModels(
  engine: SqliteEngine,
  streams: Streams,
  timelines: TimelineCounters,
): (app: AppNo, change: RowChange) => void {
  const statements = prepareAll(engine);

  function endMessage(app: AppNo, stream: StreamId, state: 'recalled' | 'expired'): void {
    const sent = streams.of(app, stream).sent;
    if (sent === undefined) return;
    statements.endItem.run({ eventPosition: sent.position, state });
  }

  return (app, change) => {
    switch (change.kind) {
      case 'addItem':
        statements.addItem.run({ ...change.row, timeline_no: timelines.no(app, change.timeline) });
        return;
      case 'endMessage':
        endMessage(app, change.stream, change.state);
        return;
      case 'moveWatermarks':
        statements.moveWatermarks.run({
          app_no: app,
          user: change.user,
          timeline: change.timeline,
          list_through: change.listThrough,
          roam_through: change.roamThrough,
        });
        return;
      default:
        never(change);
    }
  };
}

function prepareAll(engine: SqliteEngine) {
  const { db } = engine;
  const addItem = template<TimelineItemsTable>()((row) =>
    db.insertInto('timeline_items').values({
      event_position: row.event_position,
      timeline_no: row.timeline_no,
      position: row.position,
      kind: row.kind,
      message_seq: row.message_seq,
      author: row.author,
      content_kind: row.content_kind,
      sent_at: row.sent_at,
      expires_at: row.expires_at,
      state: row.state,
      flags: row.flags,
    }),
  );
  const endItem = template<{ eventPosition: number; state: 'recalled' | 'expired' }>()(
    ({ eventPosition, state }) =>
      db.updateTable('timeline_items').set({ state }).where('event_position', '=', eventPosition),
  );
  const moveWatermarks = template<ConversationsTable>()((row) =>
    db
      .insertInto('conversations')
      .values({
        app_no: row.app_no,
        user: row.user,
        timeline: row.timeline,
        list_through: row.list_through,
        roam_through: row.roam_through,
      })
      .onConflict((conflict) =>
        conflict.columns(['app_no', 'user', 'timeline']).doUpdateSet((e) => ({
          list_through: e.fn<number>('max', ['list_through', 'excluded.list_through']),
          roam_through: e.fn<number>('max', ['roam_through', 'excluded.roam_through']),
        })),
      ),
  );
  return {
    addItem: engine.prepare(addItem),
    endItem: engine.prepare(endItem),
    moveWatermarks: engine.prepare(moveWatermarks),
  };
}
