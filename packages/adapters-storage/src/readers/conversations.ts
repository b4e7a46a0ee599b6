import { assert } from '@recalld/domain';
import type {
  AppNo,
  ConversationView,
  Instant,
  MessageItem,
  Page,
  TimelineReader,
  UserId,
} from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { Reads, Words } from '../engines/database.js';
import { eventColumns, toEvent } from '../eventRows.js';
import { itemFlags, messageItem } from '../items.js';
import { pageOf, placeIn } from '../paging.js';
import { chatOf } from './chats.js';
import { isDeletedAlone } from './deletedAlone.js';
import type { Schema } from '../schema.js';

/** Unread messages of one conversation are counted up to here. */
const unreadMax = 9_999;

interface ListedRow {
  readonly timeline: string;
  readonly last_message_at: number;
  readonly last_event: number | null;
  readonly unread: number;
}

/**
 * The user's conversations are derived: the pairs with the user and the groups that the user is or
 * was in, as far as they have a message that the user's list may show. A recalled or expired one
 * keeps its conversation in the list, and its place there, without being shown.
 */
export async function conversations(
  { db, words }: Reads,
  { app, user, from, limit, now }: Parameters<TimelineReader['conversations']>[0],
): Promise<Page<ConversationView>> {
  const after = placeIn(from, 'number', 'string');
  const beyond = after === undefined ? sql`` : sql`where ${later(after[0], after[1])}`;
  const { rows } = await sql<ListedRow>`
    with chats as (${chatsOf(words, app, user)}),
    listed as materialized (
      select chats.*, (
        select i.sent_at from timeline_items i where ${isListed(app, user)}
        order by i.sent_at desc limit 1
      ) as last_message_at
      from chats
    ),
    page as (
      select * from (select * from listed where last_message_at is not null) as shown ${beyond}
      order by last_message_at desc, timeline limit ${limit + 1}
    )
    select chats.timeline, chats.last_message_at, (
        select i.event_position from timeline_items i where ${isListed(app, user)} and ${isReadable(now)}
        order by i.sent_at desc, i.position desc limit 1
      ) as last_event, ${unread(words, app, user, now)} as unread
    from page as chats order by chats.last_message_at desc, chats.timeline`.execute(db);
  const last = await messagesAt(db, rows);
  return pageOf(
    rows,
    limit,
    (row) => [row.last_message_at, row.timeline],
    (row) => view(row, user, row.last_event === null ? undefined : last.get(row.last_event)),
  );
}

/** Unread messages of all the user's one-to-one conversations together. */
export async function unreadOneToOne(
  { db, words }: Reads,
  app: AppNo,
  user: UserId,
  now: Instant,
): Promise<number> {
  const { rows } = await sql<{ unread: number }>`
    with chats as (${pairsOf(words, app, user)})
    select cast(coalesce(sum(unread), 0) as bigint) as unread
    from (select ${unread(words, app, user, now)} as unread from chats) as counted`.execute(db);
  return rows[0]?.unread ?? 0;
}

/** Newest first, then by name. */
function later(at: number, timeline: string): RawBuilder<boolean> {
  return sql`(last_message_at < ${at} or (last_message_at = ${at} and timeline > ${timeline}))`;
}

/** Every chat of the user, with what the user has deleted of it, and the MsgSeq through which it was read. */
function chatsOf(words: Words, app: AppNo, user: UserId): RawBuilder<unknown> {
  return sql`${pairsOf(words, app, user)} union all
    select t.timeline_no, t.timeline, 0 as is_pair, ${marks(words, app, user)}
    from timelines t ${ofUser(user)} where t.app_no = ${app} and t.timeline in (
      select m.timeline from members m
      where m.app_no = ${app} and m.user = ${user} and m.timeline >= 'group/' and m.timeline < 'group0')`;
}

function pairsOf(words: Words, app: AppNo, user: UserId): RawBuilder<unknown> {
  const pair = sql`select t.timeline_no, t.timeline, 1 as is_pair, ${marks(words, app, user)}
    from timelines t ${ofUser(user)}`;
  return sql`${pair} where t.app_no = ${app} and t.user_a = ${user}
    union ${pair} where t.app_no = ${app} and t.user_b = ${user}`;
}

function marks({ greatest }: Words, app: AppNo, user: UserId): RawBuilder<unknown> {
  return sql`coalesce(${greatest(sql`c.list_through`, sql`c.roam_through`)}, 0) as through,
    coalesce(c.roam_sent_through, 0) as sent_through, coalesce(c.roam_sent_seq, 0) as sent_seq,
    coalesce(c.read_through, 0) as read_through,
    coalesce((select f.through from former_users f where f.app_no = ${app} and f."user" = ${user}), 0) as former,
    case when exists (
      select 1 from roaming_deletions d
      where d.app_no = ${app} and d."user" = ${user} and d.timeline = t.timeline) then 1 else 0 end as has_deleted`;
}

function ofUser(user: UserId): RawBuilder<unknown> {
  return sql`left join conversations c
    on c.app_no = t.app_no and c.user = ${user} and c.timeline = t.timeline`;
}

const unlisted = itemFlags.onlineOnly | itemFlags.unlisted;

/** What `visible` asks of a message for a list, except whether it can still be read. */
function isListed(app: AppNo, user: UserId, after = sql`chats.through`): RawBuilder<boolean> {
  return sql`i.timeline_no = chats.timeline_no and i.kind = 'message'
    and i.message_seq > ${after} and i.flags & ${sql.lit(unlisted)} = 0
    and (chats.former = 0 or i.event_position > chats.former)
    and (i.message_seq > chats.sent_seq or i.sent_at > chats.sent_through)
    and (chats.has_deleted = 0 or not ${isDeletedAlone({ app, user, timeline: sql`chats.timeline` })})
    and (chats.through = 0 or i.flags & ${sql.lit(itemFlags.imported)} = 0)
    and (chats.is_pair = 1 or exists (
      select 1 from members m
      where m.app_no = ${app} and m.user = ${user} and m.timeline = chats.timeline
      and i.position > m.from_position and (m.through_position is null or i.position <= m.through_position)))`;
}

function isReadable(now: Instant): RawBuilder<boolean> {
  return sql`i.state = 'live' and (i.expires_at is null or i.expires_at > ${now})`;
}

/** What `isUnread` asks. */
function unread({ greatest }: Words, app: AppNo, user: UserId, now: Instant): RawBuilder<number> {
  const seen = greatest(sql`chats.through`, sql`chats.read_through`);
  return sql`(select count(*) from (
    select 1 from timeline_items i
    where ${isListed(app, user, seen)} and ${isReadable(now)} and i.author <> ${user}
      and i.flags & ${sql.lit(itemFlags.imported)} = 0
    limit ${sql.lit(unreadMax)}) as counted)`;
}

async function messagesAt(
  db: Kysely<Schema>,
  rows: readonly ListedRow[],
): Promise<ReadonlyMap<number, MessageItem>> {
  const positions = rows.flatMap(({ last_event: position }) => position ?? []);
  if (positions.length === 0) return new Map();
  const events = await db
    .selectFrom('events')
    .select(eventColumns)
    .where('position', 'in', positions)
    .execute();
  return new Map(events.map((row) => [row.position, messageItem(toEvent(row), 'live')]));
}

function view(row: ListedRow, user: UserId, lastMessage: MessageItem | undefined): ConversationView {
  const { kind, channel } = chatOf(row.timeline, user);
  assert(kind !== 'chatroom', `${row.timeline} is in no list`);
  return {
    kind,
    channel,
    timeline: row.timeline,
    ...(lastMessage === undefined ? {} : { lastMessage }),
    lastMessageAt: row.last_message_at,
    unread: row.unread,
  };
}
