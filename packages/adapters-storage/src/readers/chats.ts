import { assert, parseTimeline, userTimeline } from '@recalld/domain';
import type { ChatView, Page, TimelineId, TimelineReader, UserId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { memberships, wholeTimelines } from '../devices/userTimelines.js';
import { pageOf, placeIn } from '../paging.js';
import type { Schema } from '../schema.js';

/** The chats of a user in the order of their timelines' names. */
export async function chats(
  db: Kysely<Schema>,
  { app, user, from, limit }: Parameters<TimelineReader['chats']>[0],
): Promise<Page<ChatView>> {
  const whose = { app, user, own: userTimeline(user) };
  const [after] = placeIn(from, 'string') ?? [''];
  const columns = sql`t.timeline, t.head`;
  const { rows } = await sql<{ timeline: TimelineId }>`
    select distinct timeline from (
      ${wholeTimelines(columns, whose)} union all ${memberships(columns, whose)}
    ) as all_of_user
    where head > 0 and timeline <> ${whose.own} and timeline > ${after}
    order by timeline limit ${limit + 1}`.execute(db);
  return pageOf(
    rows,
    limit,
    ({ timeline }) => [timeline],
    ({ timeline }) => chatOf(timeline, user),
  );
}

/** How a user calls the chat of a timeline. */
export function chatOf(timeline: TimelineId, user: UserId): ChatView {
  const parsed = parseTimeline(timeline);
  switch (parsed.kind) {
    case 'group':
      return { kind: 'groupchat', channel: parsed.id };
    case 'room':
      return { kind: 'chatroom', channel: parsed.id };
    case 'pair':
      return { kind: 'chat', channel: parsed.userA === user ? parsed.userB : parsed.userA };
    case 'user':
      assert(false, `${timeline} is no chat`);
  }
}
