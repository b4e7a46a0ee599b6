import { limits, visible } from '@recalld/domain';
import type { DeviceKey, DeviceQueues, DeviceViewer, Item, QueuePage, TimelineCursor } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createSights, sightOf } from './sights.js';
import { beginningAfter, createStretches, inOrder, itemOf } from './stretches.js';

type PageQuery = Parameters<DeviceQueues['page']>[0];
type Wanted = DeviceKey & { readonly timeline: string };

/** So many are asked for next, where the first rows did not fill the page. */
const nextRows = 256;

/** A queue as it is when a page is asked for. */
interface Opened {
  readonly no: number;
  readonly viewer: DeviceViewer;
  readonly start: TimelineCursor;
  /** Where the page ends when nothing is left. */
  readonly end: TimelineCursor;
}

/**
 * A page of a device's queue. Positions of a timeline are in the order of commits: what is read up to
 * a position is all that ever stands there.
 */
export function createPage(reads: Reads): (query: PageQuery) => Steps<QueuePage> {
  const open = createOpen(reads);
  const stretches = createStretches(reads);

  return function* page(query) {
    const { key, timeline, limit } = query;
    const opened = yield* open(query);
    if ('next' in opened) return opened;
    const { no, viewer, start, end } = opened;
    const items: Item[] = [];
    let next = start;
    let looked = 0;
    for (let size = stretches.size(limit + 1); next.position < end.position; size = nextRows) {
      const from = [{ app: key.app, user: key.user, timeline, no, roamThrough: viewer.roamThrough, ...next }];
      const lists = yield* together(stretches.messages(from, size), stretches.notices(from, size));
      const found = inOrder(lists, size, end.position, ({ at }) => at);
      for (const row of found.rows) {
        if (items.length === limit || looked === limits.pageLooksMax) return { items, next, more: true };
        looked += 1;
        // The messages before an uncounted membership are gone through, and stand before its start.
        const item = row.at > start.position ? itemOf(row) : undefined;
        if (item !== undefined && visible(item, viewer)) items.push(item);
        next = moved(next, { position: row.at, messages: row.seq ?? 0 });
      }
      if (found.completeThrough === end.position) next = moved(next, end);
    }
    return { items, next, more: false };
  };
}

/** Looks up a queue; answers the page itself when nothing can be on it. */
function createOpen(reads: Reads) {
  const { db, statements } = reads;
  const sights = createSights(reads);
  const place = statements.select<Wanted>({ app: 'whole', user: 'text', device: 'text', timeline: 'text' })(({
    app,
    user,
    device,
    timeline,
  }) => {
    // By itself, where a join may be planned without the index while the table is still empty.
    const cursor = (column: 'position' | 'messages') =>
      sql<number | null>`(
          select ${sql.ref(`c.${column}`)} from device_cursors c
          where c.timeline_no = t.timeline_no and c.device_no = (
            select d.device_no from devices d
            where d.app_no = ${app} and d.user = ${user} and d.device = ${device}))`;
    return db
      .selectFrom('timelines as t')
      .select(['t.timeline_no as no', 't.head', 't.messages as head_messages'])
      .select([cursor('position').as('position'), cursor('messages').as('messages')])
      .where('t.app_no', '=', app)
      .where('t.timeline', '=', timeline);
  });

  return function* open({ key, timeline, after, connectedAt, now }: PageQuery): Steps<Opened | QueuePage> {
    const wanted = { ...key, timeline };
    const [[row], spans, watermarks, former] = yield* together(
      each(place, [wanted]),
      sights.spans([wanted]),
      sights.watermarks([wanted]),
      sights.former(key),
    );
    const known = { position: row?.position ?? 0, messages: row?.messages ?? 0 };
    const sight = sightOf(wanted, spans, watermarks, former);
    const beginning = beginningAfter(after ?? known, sight);
    if (row === undefined || beginning === undefined) return { items: [], next: after ?? known, more: false };
    const { user, device } = key;
    const { position, messages, through } = beginning;
    return {
      no: row.no,
      viewer: { user, device, purpose: 'device', connectedAt, now, ...sight },
      start: { position, messages },
      end: {
        position: through ?? row.head,
        // How many there were before a membership ended is not known here: less is as good.
        messages: through === null ? row.head_messages : messages,
      },
    };
  };
}

function moved(cursor: TimelineCursor, to: TimelineCursor): TimelineCursor {
  return {
    position: Math.max(cursor.position, to.position),
    messages: Math.max(cursor.messages, to.messages),
  };
}
