import { never } from '@recalld/domain';
import type { AppNo, RecordedEvent } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { project } from '../projection.js';
import type { RowChange } from '../projection.js';
import type { ConversationsTable, RoamingDeletionsTable, TimelineItemsTable } from '../schema.js';
import { each } from '../steps.js';
import type { Kind } from '../statements.js';
import type { Request } from '../steps.js';
import { raised, watermarkColumns } from '../watermarks.js';
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

/** The columns of a conversation. */
export const conversationKinds = {
  app_no: 'whole',
  user: 'text',
  timeline: 'text',
  list_through: 'whole',
  roam_through: 'whole',
  roam_sent_through: 'whole',
  roam_sent_seq: 'whole',
  read_through: 'whole',
} as const satisfies Readonly<Record<keyof ConversationsTable, Kind>>;

/** The columns of a single message that was deleted. */
export const deletionKinds = {
  app_no: 'whole',
  user: 'text',
  timeline: 'text',
  message_seq: 'whole',
} as const satisfies Readonly<Record<keyof RoamingDeletionsTable, Kind>>;

/** Carries out what the projection says of a batch, one request for each kind of change. */
export type ReadModels = (
  recorded: readonly RecordedEvent[],
  streams: StreamMap,
  stamper: Stamper,
) => readonly Request[];

export function createReadModels(reads: Reads): ReadModels {
  const { addItem, endItem, raiseWatermarks, deleteMessage } = compileAll(reads);

  return (recorded, streams, stamper) => {
    const items: TimelineItemsTable[] = [];
    const ended: { eventPosition: number; state: 'recalled' | 'expired' }[] = [];
    const conversations = new Map<string, ConversationsTable>();
    const deleted: RoamingDeletionsTable[] = [];

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
        case 'raiseWatermarks': {
          const { user, timeline, watermarks } = change;
          raise(conversations, { app_no: app, user, timeline, ...watermarks });
          return;
        }
        case 'deleteMessages': {
          const { user, timeline, messageSeqs } = change;
          deleted.push(...messageSeqs.map((message_seq) => ({ app_no: app, user, timeline, message_seq })));
          return;
        }
        default:
          never(change);
      }
    }

    for (const event of recorded) for (const change of project(event)) add(event.app, change);
    return [
      each(addItem, items),
      each(endItem, ended),
      each(raiseWatermarks, [...conversations.values()]),
      each(deleteMessage, deleted),
    ];
  };
}

/** One row for each key: a statement for all of them must not touch a row twice. */
function raise(conversations: Map<string, ConversationsTable>, row: ConversationsTable): void {
  const key = JSON.stringify([row.app_no, row.user, row.timeline]);
  conversations.set(key, { ...row, ...raised(row, conversations.get(key)) });
}

function compileAll({ statements, words: { greatest } }: Reads) {
  const raises = watermarkColumns.map((column) => {
    const higher = greatest(sql.ref(`conversations.${column}`), sql.ref(`excluded.${column}`));
    return sql`${sql.ref(column)} = ${higher}`;
  });
  return {
    addItem: statements.insert('timeline_items', itemKinds),
    endItem: statements.change<{ eventPosition: number; state: 'recalled' | 'expired' }>({
      eventPosition: 'whole',
      state: 'text',
    })(({ eventPosition, state }, start) =>
      start.update('timeline_items').set({ state }).where('event_position', '=', eventPosition),
    ),
    raiseWatermarks: statements.insert(
      'conversations',
      conversationKinds,
      sql`on conflict (app_no, "user", timeline) do update set ${sql.join(raises)}`,
    ),
    deleteMessage: statements.insert('roaming_deletions', deletionKinds, sql`on conflict do nothing`),
  };
}
