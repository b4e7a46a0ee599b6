import { userTimeline } from '@recalld/domain';
import type { DeviceKey, PendingQueue, TimelineId } from '@recalld/domain';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Reads } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { memberships, wholeTimelines, whoseKinds } from './userTimelines.js';
import type { Whose } from './userTimelines.js';

interface Asked extends Whose {
  /** Zero: a device that is not known, which has no cursors. */
  readonly no: number;
}

/** Whether something came since the user has its name, when there was a former one of that name. */
function isNotOfFormer({ app, user }: Asked) {
  const last = (isMessage: RawBuilder<unknown>, place: string) => sql`(
    select i.event_position from timeline_items i
    where i.timeline_no = r.timeline_no and ${isMessage} order by ${sql.ref(place)} desc limit 1)`;
  return sql`not exists (
    select 1 from former_users f where f.app_no = ${app} and f."user" = ${user}
    and coalesce(${last(sql`i.kind = 'message'`, 'i.message_seq')}, 0) <= f.through
    and coalesce(${last(sql`i.kind <> 'message'`, 'i.position')}, 0) <= f.through)`;
}

interface PendingRow {
  readonly timeline: TimelineId;
  readonly position: number;
  readonly messages: number;
  readonly count: number;
}

/** Compares the end of each of the user's timelines with the device's cursor; no item is read. */
export function createPending(
  reads: Reads,
): (key: DeviceKey, limit: number) => Steps<readonly PendingQueue[]> {
  const { db, statements, words } = reads;
  const cursorOf = ({ no }: Asked, column: 'position' | 'messages') =>
    // By itself, where a join may be planned without the index while the table is still empty.
    sql`coalesce((select ${sql.ref(`c.${column}`)} from device_cursors c
      where c.device_no = ${no} and c.timeline_no = r.timeline_no), 0)`;
  const device = statements.select<DeviceKey>({ app: 'whole', user: 'text', device: 'text' })((key) =>
    db
      .selectFrom('devices')
      .select('device_no')
      .where('app_no', '=', key.app)
      .where('user', '=', key.user)
      .where('device', '=', key.device),
  );
  const whole = sql`t.timeline_no, t.timeline, 0 as from_position, 0 as from_messages, t.head as through`;
  const span = sql`t.timeline_no, t.timeline, m.from_position, m.from_messages,
    coalesce(m.through_position, t.head)`;
  const ahead = statements.select<Asked>({ ...whoseKinds, no: 'whole' })((asked) =>
    db
      .selectFrom(
        sql<PendingRow>`(
          with stretches as materialized (
            select r.*, ${words.greatest(cursorOf(asked, 'position'), sql`r.from_position`)} as position
            from (${wholeTimelines(whole, asked)} union all ${memberships(span, asked)}) as r
          )
          select r.timeline, min(r.position) as position,
            min(${words.greatest(cursorOf(asked, 'messages'), sql`r.from_messages`)}) as messages,
            cast(sum(r.through - r.position) as bigint) as count
          from stretches r where r.through > r.position and ${isNotOfFormer(asked)}
          group by r.timeline)`.as('queues'),
      )
      .selectAll(),
  );

  return function* pending(key, limit) {
    const [known] = yield* rows(each(device, [key]));
    const { app, user } = key;
    const asked = { app, user, own: userTimeline(user), no: known?.device_no ?? 0 };
    const found = yield* rows(each(ahead, [asked]));
    return [...found]
      .sort((a, b) => a.count - b.count || (a.timeline < b.timeline ? -1 : 1))
      .slice(0, limit)
      .map(({ timeline, position, messages, count }) => ({ timeline, from: { position, messages }, count }));
  };
}
