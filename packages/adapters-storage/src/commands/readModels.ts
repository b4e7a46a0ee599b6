import { never } from '@recalld/domain';
import type { AppNo, RecordedEvent } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { project } from '../projection.js';
import type { RowChange } from '../projection.js';
import type { ConversationsTable, TimelineItemsTable } from '../schema.js';
import { each } from '../steps.js';
import type { Kind } from '../statements.js';
import type { Request } from '../steps.js';
import type { StreamMap } from './streams.js';
import type { Stamper } from './timelineCounters.js';

/** The columns of an item. */
export const itemKinds = {
  event_position: 'whole',
  timeline_no: 'whole',
  position: 'whole',
  kind: 'text',
  message_seq: 'whole',
  author: 'text',
  content_kind: 'text',
  sent_at: 'whole',
  expires_at: 'whole',
  state: 'text',
  flags: 'whole',
} as const satisfies Readonly<Record<keyof TimelineItemsTable, Kind>>;

/** The columns of a conversation's watermarks. */
export const watermarkKinds = {
  app_no: 'whole',
  user: 'text',
  timeline: 'text',
  list_through: 'whole',
  roam_through: 'whole',
  read_through: 'whole',
} as const satisfies Readonly<Record<keyof ConversationsTable, Kind>>;

/** Carries out what the projection says of a batch, one request for each kind of change. */
export type ReadModels = (
  recorded: readonly RecordedEvent[],
  streams: StreamMap,
  stamper: Stamper,
) => readonly Request[];

export function createReadModels(reads: Reads): ReadModels {
  const { addItem, endItem, moveWatermarks } = compileAll(reads);

  return (recorded, streams, stamper) => {
    const items: TimelineItemsTable[] = [];
    const ended: { eventPosition: number; state: 'recalled' | 'expired' }[] = [];
    const watermarks = new Map<string, ConversationsTable>();

    function add(app: AppNo, change: RowChange): void {
      switch (change.kind) {
        case 'addItem':
          items.push({ ...change.row, timeline_no: stamper.no(app, change.timeline) });
          return;
        case 'endMessage': {
          const sent = streams.get({ app, stream: change.stream })?.sent;
          if (sent !== undefined) ended.push({ eventPosition: sent.position, state: change.state });
          return;
        }
        case 'moveWatermarks':
          raise(watermarks, {
            app_no: app,
            user: change.user,
            timeline: change.timeline,
            list_through: change.listThrough,
            roam_through: change.roamThrough,
            read_through: change.readThrough,
          });
          return;
        default:
          never(change);
      }
    }

    for (const event of recorded) for (const change of project(event)) add(event.app, change);
    return [each(addItem, items), each(endItem, ended), each(moveWatermarks, [...watermarks.values()])];
  };
}

/** One row for each key: a statement for all of them must not touch a row twice. */
function raise(watermarks: Map<string, ConversationsTable>, row: ConversationsTable): void {
  const key = JSON.stringify([row.app_no, row.user, row.timeline]);
  const before = watermarks.get(key);
  watermarks.set(key, {
    ...row,
    list_through: Math.max(row.list_through, before?.list_through ?? 0),
    roam_through: Math.max(row.roam_through, before?.roam_through ?? 0),
    read_through: Math.max(row.read_through, before?.read_through ?? 0),
  });
}

function compileAll({ statements, words: { greatest } }: Reads) {
  const raised = (column: string) =>
    greatest(sql.ref(`conversations.${column}`), sql.ref(`excluded.${column}`));
  return {
    addItem: statements.insert('timeline_items', itemKinds),
    endItem: statements.change<{ eventPosition: number; state: 'recalled' | 'expired' }>({
      eventPosition: 'whole',
      state: 'text',
    })(({ eventPosition, state }, start) =>
      start.update('timeline_items').set({ state }).where('event_position', '=', eventPosition),
    ),
    moveWatermarks: statements.insert(
      'conversations',
      watermarkKinds,
      sql`on conflict (app_no, "user", timeline) do update
        set list_through = ${raised('list_through')}, roam_through = ${raised('roam_through')},
          read_through = ${raised('read_through')}`,
    ),
  };
}
