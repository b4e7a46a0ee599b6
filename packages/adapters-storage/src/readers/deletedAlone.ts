import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** Whose deletions of which timeline: values, or the SQL of what they are. */
interface Whose {
  readonly app: unknown;
  readonly user: unknown;
  readonly timeline: unknown;
}

/** Whether a user has deleted the message `i` of a timeline alone; a user who did so may have done it often. */
export function isDeletedAlone({ app, user, timeline }: Whose): RawBuilder<boolean> {
  return sql<boolean>`exists (
    select 1 from roaming_deletions d
    where d.app_no = ${app} and d."user" = ${user} and d.timeline = ${timeline}
      and d.message_seq = i.message_seq)`;
}
