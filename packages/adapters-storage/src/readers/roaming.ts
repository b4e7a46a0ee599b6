import { visible } from '@recalld/domain';
import type { MembershipSpan, MessageItem, Page, RoamingQuery, Viewer } from '@recalld/domain';
import { sql } from 'kysely';
import type { ExpressionBuilder, Kysely } from 'kysely';
import { eventColumns, toEvent } from '../eventRows.js';
import { itemFlags, messageItem } from '../items.js';
import { pageOf, placeIn } from '../paging.js';
import type { Schema } from '../schema.js';
import { isDeletedAlone } from './deletedAlone.js';
import { sightOf } from './viewers.js';

type After = readonly [number, number] | undefined;

/**
 * One page of a chat's history, by the time of sending. The query leaves out most of what the user
 * may not see; `visible` has the last word, so pages are read until one is full.
 */
export async function roaming(db: Kysely<Schema>, query: RoamingQuery): Promise<Page<MessageItem>> {
  const { app, timeline, user, now, limit } = query;
  const known = await db
    .selectFrom('timelines')
    .select('timeline_no')
    .where('app_no', '=', app)
    .where('timeline', '=', timeline)
    .executeTakeFirst();
  if (known === undefined) return { entities: [] };
  const sight = await sightOf(db, app, timeline, user);
  const viewer: Viewer = { user, purpose: 'roaming', now, ...sight };
  const found: MessageItem[] = [];
  const wanted = limit + 1;
  let after: After = placeIn(query.from, 'number', 'number');
  for (;;) {
    const rows = await candidates(db, known.timeline_no, viewer, query, after).limit(wanted).execute();
    const items = rows.map((row) => messageItem(toEvent(row), row.state));
    found.push(...items.filter((item) => visible(item, viewer)));
    const last = items.at(-1);
    if (found.length >= wanted || rows.length < wanted || last === undefined) break;
    after = placeOf(last);
  }
  return pageOf(found, limit, placeOf, (item) => item);
}

function placeOf({ sentAt, position }: MessageItem): readonly [number, number] {
  return [sentAt, position];
}

function candidates(
  db: Kysely<Schema>,
  timelineNo: number,
  viewer: Viewer,
  query: RoamingQuery,
  after: After,
) {
  const { app, user, timeline, order, contentKinds, sentFrom, sentThrough } = query;
  const { formerThrough = 0, roamThrough, roamSentThrough, roamSentSeq } = viewer;
  const forward = order === 'oldestFirst';
  const direction = forward ? 'asc' : 'desc';
  const beyond = sql.raw(forward ? '>' : '<');
  const hidden = itemFlags.noRoam | itemFlags.onlineOnly;
  return (
    db
      .selectFrom('timeline_items as i')
      .innerJoin('events as e', 'e.position', 'i.event_position')
      .select(eventColumns.map((column) => `e.${column}` as const))
      .select('i.state')
      .where('i.timeline_no', '=', timelineNo)
      // As a literal, so that the index on messages answers.
      .where(sql`i.kind`, '=', sql.lit('message'))
      .where('i.state', '=', 'live')
      .where('i.message_seq', '>', roamThrough)
      .where((e) => e.or([e('i.message_seq', '>', roamSentSeq), e('i.sent_at', '>', roamSentThrough)]))
      .where(sql<boolean>`not ${isDeletedAlone({ app, user, timeline })}`)
      .where(sql<number>`i.flags & ${sql.lit(hidden)}`, '=', 0)
      .where((e) => withinSpans(e, viewer.spans))
      .$if(formerThrough > 0, (q) => q.where('i.event_position', '>', formerThrough))
      .$if(contentKinds !== undefined, (q) => q.where('i.content_kind', 'in', contentKinds ?? []))
      .$if(sentFrom !== undefined, (q) => q.where('i.sent_at', '>=', sentFrom ?? 0))
      .$if(sentThrough !== undefined, (q) => q.where('i.sent_at', '<=', sentThrough ?? 0))
      .$if(after !== undefined, (q) =>
        q.where(sql<boolean>`(i.sent_at, i.position) ${beyond} (${after?.[0]}, ${after?.[1]})`),
      )
      .orderBy('i.sent_at', direction)
      .orderBy('i.position', direction)
  );
}

/** More spans than this are left to `visible` alone. */
const spansInQueryMax = 50;

function withinSpans(
  e: ExpressionBuilder<Schema & { i: Schema['timeline_items'] }, 'i'>,
  spans: readonly MembershipSpan[] | 'everything',
) {
  if (spans === 'everything' || spans.length > spansInQueryMax) return e.lit(true);
  return e.or(
    spans.map(({ from, through }) =>
      e.and([e('i.position', '>', from), ...(through === null ? [] : [e('i.position', '<=', through)])]),
    ),
  );
}
