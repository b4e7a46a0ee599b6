import { belongingOf } from '@recalld/domain';
import type { AppNo, MembershipSpan, Sight, TimelineId, UserId } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { deletionColumns, deletionsOf } from '../watermarks.js';

/** What a user may see of a timeline, and what the user has deleted there. */
export async function sightOf(
  db: Kysely<Schema>,
  app: AppNo,
  timeline: TimelineId,
  user: UserId,
): Promise<Sight> {
  const watermarks = await db
    .selectFrom('conversations')
    .select(deletionColumns)
    .where('app_no', '=', app)
    .where('user', '=', user)
    .where('timeline', '=', timeline)
    .executeTakeFirst();
  const spans = await spansOf(db, app, timeline, user);
  const former = await db
    .selectFrom('former_users')
    .select('through')
    .where('app_no', '=', app)
    .where('user', '=', user)
    .executeTakeFirst();
  return { spans, formerThrough: former?.through ?? 0, ...deletionsOf(watermarks) };
}

async function spansOf(
  db: Kysely<Schema>,
  app: AppNo,
  timeline: TimelineId,
  user: UserId,
): Promise<readonly MembershipSpan[] | 'everything'> {
  const belonging = belongingOf(timeline, user);
  if (belonging === 'everything') return belonging;
  if (belonging === 'nothing') return [];
  return db
    .selectFrom('members')
    .select(['from_position as from', 'through_position as through'])
    .where('app_no', '=', app)
    .where('user', '=', user)
    .where('timeline', '=', timeline)
    .execute();
}
