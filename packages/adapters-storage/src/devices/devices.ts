import { assert, limits } from '@recalld/domain';
import type { AppNo, DeviceKey, Devices, DeviceView, FormerSession, Instant, UserId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { Database } from '../engines/database.js';
import { createEventLog } from '../readers/eventLog.js';
import type { Schema } from '../schema.js';
import type { SessionNodes } from '../nodes/sessionNodes.js';
import { each, rows } from '../steps.js';
import type { Query, Steps } from '../steps.js';
import { createConfirm } from './confirm.js';

type Beginning = Parameters<Devices['begin']>[1];

/**
 * Devices are written where a power cut may take back the last ones: what it takes back with them are
 * cursors, and a device gets again what they told of.
 */
export function createDevices(database: Database, { lives }: SessionNodes): Devices {
  const { db, statements } = database;
  const { horizon } = createEventLog(database);
  const session = sql<string | null>`case when ${lives(sql.ref('node'))} then session end`;
  const begin = createBegin(database, session);
  const confirm = createConfirm(database);
  const end = statements.change<DeviceKey & { readonly session: string; readonly now: Instant }>({
    app: 'whole',
    user: 'text',
    device: 'text',
    session: 'text',
    now: 'whole',
  })(({ app, user, device, session, now }, start) =>
    start
      .update('devices')
      .set({ session: null, node: null, last_seen_at: now })
      .where('app_no', '=', app)
      .where('user', '=', user)
      .where('device', '=', device)
      .where('session', '=', session),
  );
  return {
    async begin(key, session) {
      const connectedAt = await horizon();
      return { connectedAt, former: await database.writeRelaxed(() => begin(key, session)) };
    },
    end: (sessions) =>
      database.writeRelaxed(function* () {
        yield each(end, sessions);
      }),
    confirm: (moves) => database.writeRelaxed(() => confirm(moves)),
    list: (app, user) => listed(db, app, user, session),
    forget: (seenBefore, limit) =>
      database.writeRelaxed(() => forget(db, unseen(database, session, seenBefore, limit))),
  };
}

/** What a device has now, as a part of a query: none when it is gone with its node. */
type LiveSession = RawBuilder<string | null>;

function createBegin({ db, words }: Database, live: LiveSession) {
  function* heldBy({ app, user, device }: DeviceKey) {
    const [row] = yield* rows(
      devicesOf(db, app, user)
        .where('device', '=', device)
        .select(['device_no', 'node', live.as('session')]),
    );
    return row;
  }

  /** A new device starts where the user's devices together have come. */
  function* add({ app, user, device }: DeviceKey, { platform, now }: Beginning) {
    const row = { app_no: app, user, device, platform, last_seen_at: now, superseded: 0 };
    const [added] = yield* rows(db.insertInto('devices').values(row).returning('device_no'));
    assert(added !== undefined, 'a device is added');
    yield sql`
      insert into device_cursors (device_no, timeline_no, position, messages)
      select cast(${added.device_no} as bigint), c.timeline_no, max(c.position), max(c.messages)
      from device_cursors c where c.device_no in (${devicesOf(db, app, user).select('device_no')})
      group by c.timeline_no`.compile(db);
    return { ...added, session: null, node: null };
  }

  function* forgetBeyond({ app, user }: DeviceKey, no: number): Steps<void> {
    const [row] = yield* rows(devicesOf(db, app, user).select((e) => e.fn.countAll<number>().as('count')));
    const beyond = (row?.count ?? 0) - limits.devicesPerUserMax;
    if (beyond <= 0) return;
    const others = devicesOf(db, app, user)
      .where('device_no', '<>', no)
      .select('device_no')
      .orderBy(sql`case when ${live} is null then 0 else 1 end`)
      .orderBy('last_seen_at')
      .limit(beyond);
    yield* forget(db, others);
  }

  return function* begin(key: DeviceKey, beginning: Beginning): Steps<FormerSession | null> {
    const { session, node, platform, now } = beginning;
    yield words.takeTurns([`devices/${key.app}/${key.user}`]);
    const known = yield* heldBy(key);
    const { device_no: no, ...former } = known ?? (yield* add(key, beginning));
    yield db
      .updateTable('devices')
      .set({ session, node, platform, last_seen_at: now, superseded: 0 })
      .where('device_no', '=', no);
    yield db
      .updateTable('devices')
      .set({ superseded: 1 })
      .where('app_no', '=', key.app)
      .where('user', '=', key.user)
      .where('superseded', '=', 0)
      .where('device_no', '<>', no);
    if (known === undefined) yield* forgetBeyond(key, no);
    return former.session === null || former.node === null || former.session === session
      ? null
      : { session: former.session, node: former.node };
  };
}

async function listed(
  db: Kysely<Schema>,
  app: AppNo,
  user: UserId,
  live: LiveSession,
): Promise<readonly DeviceView[]> {
  const found = await devicesOf(db, app, user)
    .select(['device', live.as('session'), 'platform', 'last_seen_at as lastSeenAt'])
    .orderBy('last_seen_at', 'desc')
    .orderBy('device')
    .execute();
  return found;
}

function devicesOf(db: Kysely<Schema>, app: AppNo, user: UserId) {
  return db.selectFrom('devices').where('app_no', '=', app).where('user', '=', user);
}

/** Devices that a user has left for another one, and that are not connected. */
function unseen({ db, words }: Database, live: LiveSession, seenBefore: Instant, limit: number) {
  return (
    db
      .selectFrom('devices')
      .select('device_no')
      // As a literal, so that the index on them answers.
      .where('superseded', '=', sql.lit(1))
      .where('last_seen_at', '<', seenBefore)
      .where(live, 'is', null)
      .orderBy('last_seen_at')
      .limit(limit)
      .modifyEnd(words.forUpdateSkipLocked)
  );
}

/** Forgets devices with their cursors; answers how many. */
function* forget(db: Kysely<Schema>, asked: Query<{ readonly device_no: number }>): Steps<number> {
  const found = yield* rows(asked);
  if (found.length === 0) return 0;
  const nos = found.map(({ device_no: no }) => no);
  yield db.deleteFrom('device_cursors').where('device_no', 'in', nos);
  yield db.deleteFrom('devices').where('device_no', 'in', nos);
  return nos.length;
}
