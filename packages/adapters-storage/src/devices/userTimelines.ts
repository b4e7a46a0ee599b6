import type { AppNo, TimelineId, UserId } from '@recalld/domain';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** Whose timelines are asked for. */
export interface Whose {
  readonly app: AppNo;
  readonly user: UserId;
  /** The name of the user's own timeline. */
  readonly own: TimelineId;
}

export const whoseKinds = { app: 'whole', user: 'text', own: 'text' } as const;

/** The timelines `t` of which the user sees everything: those of pairs, and the user's own. */
export function wholeTimelines(columns: RawBuilder<unknown>, { app, user, own }: Whose): RawBuilder<unknown> {
  return sql`
    select ${columns} from timelines t where t.app_no = ${app} and t.user_a = ${user}
    union all
    select ${columns} from timelines t where t.app_no = ${app} and t.user_b = ${user} and t.user_a <> ${user}
    union all
    select ${columns} from timelines t where t.app_no = ${app} and t.timeline = ${own}`;
}

/** The memberships `m` of a user, past and present, each with its timeline `t`. */
export function memberships(columns: RawBuilder<unknown>, { app, user }: Whose): RawBuilder<unknown> {
  return sql`
    select ${columns} from members m join timelines t on t.app_no = m.app_no and t.timeline = m.timeline
    where m.app_no = ${app} and m.user = ${user}`;
}
