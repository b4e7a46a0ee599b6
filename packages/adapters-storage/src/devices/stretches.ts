import { noticeItemOf, stretchAfter } from '@recalld/domain';
import type { Item, RecordedEvent, TimelineCursor } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { eventColumns, toEvent } from '../eventRows.js';
import type { EventRow } from '../eventRows.js';
import { itemFlags, messageItem } from '../items.js';
import { isDeletedAlone } from '../readers/deletedAlone.js';
import type { TimelineItemsTable } from '../schema.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';
import type { CountedSight, Look } from './sights.js';

/** Where a stretch of a timeline begins, and what of it no device gets anyway. */
export interface Beginning extends TimelineCursor, Look {
  readonly no: number;
  /** Messages up to this MsgSeq were deleted by the user. */
  readonly roamThrough: number;
}

/** An item's row, with its event unless a device gets nothing of it anyway. */
export type StretchRow = {
  readonly timeline_no: number;
  readonly event_position: number;
  readonly at: number;
  readonly seq: number | null;
  readonly state: TimelineItemsTable['state'];
} & (EventRow | { readonly [C in keyof EventRow]: null });

/** The next rows of timelines: messages by their MsgSeq, notices by their position, each by its own index. */
export interface Stretches {
  /** Rows of each kind, at least as many as are wanted. */
  size(wanted: number): number;
  messages(from: readonly Beginning[], size: number): Each<StretchRow>;
  notices(from: readonly Beginning[], size: number): Each<StretchRow>;
}

const kinds = {
  app: 'whole',
  user: 'text',
  timeline: 'text',
  no: 'whole',
  position: 'whole',
  messages: 'whole',
  roamThrough: 'whole',
} as const;
const sizeMin = 16;

export function createStretches({ db, statements }: Reads): Stretches {
  const items = () =>
    db
      .selectFrom('timeline_items as i')
      .select(['i.timeline_no', 'i.event_position', 'i.position as at', 'i.message_seq as seq', 'i.state']);
  const columns = eventColumns.map((column) => `e.${column}` as const);

  const messages = bySize((size) =>
    statements.select<Beginning>(kinds)(({ app, user, timeline, no, messages: seen, roamThrough }) =>
      items()
        .leftJoin('events as e', (join) =>
          join
            .onRef('e.position', '=', 'i.event_position')
            .on('i.state', '=', 'live')
            .on('i.message_seq', '>', roamThrough)
            .on(sql<number>`i.flags & ${sql.lit(itemFlags.imported)}`, '=', 0)
            .on(sql<boolean>`not ${isDeletedAlone({ app, user, timeline })}`),
        )
        .select(columns)
        .where('i.timeline_no', '=', no)
        // As a literal, so that the index on messages answers.
        .where(sql`i.kind`, '=', sql.lit('message'))
        .where('i.message_seq', '>', seen)
        .orderBy('i.message_seq')
        .limit(sql.lit(size)),
    ),
  );
  const notices = bySize((size) =>
    statements.select<Beginning>(kinds)(({ no, position }) =>
      items()
        .leftJoin('events as e', 'e.position', 'i.event_position')
        .select(columns)
        .where('i.timeline_no', '=', no)
        .where(sql`i.kind`, '<>', sql.lit('message'))
        .where('i.position', '>', position)
        .orderBy('i.position')
        .limit(sql.lit(size)),
    ),
  );
  return {
    size: (wanted) => 2 ** Math.ceil(Math.log2(Math.max(wanted, sizeMin))),
    messages: (from, size) => each(messages(size), from) as Each<StretchRow>,
    notices: (from, size) => each(notices(size), from) as Each<StretchRow>,
  };
}

/** How many rows a statement answers at most is part of its text; few sizes make few statements. */
function bySize<S>(compile: (size: number) => S): (size: number) => S {
  const known = new Map<number, S>();
  return (size) => {
    const statement = known.get(size) ?? compile(size);
    known.set(size, statement);
    return statement;
  };
}

/** Where to read on after a cursor; undefined: nothing stands there that the user may see. */
export function beginningAfter(
  cursor: TimelineCursor,
  { spans }: CountedSight,
): (TimelineCursor & { readonly through: number | null }) | undefined {
  const stretch = stretchAfter(spans, cursor.position);
  if (stretch === undefined) return undefined;
  const { from: position, through } = stretch;
  const span = spans === 'everything' ? undefined : spans.find(({ from }) => from === position);
  return { position, messages: Math.max(cursor.messages, span?.fromMessages ?? 0), through };
}

/** The item of a row that has its event. */
export function itemOf(row: StretchRow): Item | undefined {
  if (row.position === null) return undefined;
  const event: RecordedEvent = toEvent(row);
  return event.type === 'MessageSent' ? messageItem(event, row.state) : noticeItemOf(event);
}

/**
 * The rows that are certain to have all the others before them, in order: a list that was cut at `size`
 * may go on after its last row, and what stands behind `through` is not looked at.
 */
export function inOrder(
  lists: readonly (readonly StretchRow[])[],
  size: number,
  through: number,
  placeOf: (row: StretchRow) => number,
): { readonly rows: readonly StretchRow[]; readonly completeThrough: number } {
  const ends = lists.flatMap((list) => {
    const last = list.at(-1);
    return last === undefined || list.length < size ? [] : [placeOf(last)];
  });
  const completeThrough = Math.min(through, ...ends);
  const rows = lists.flat().filter((row) => placeOf(row) <= completeThrough);
  return { rows: rows.sort((a, b) => placeOf(a) - placeOf(b)), completeThrough };
}
