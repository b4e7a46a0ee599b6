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
import { devicesOf, forgetDevices } from './forgetDevices.js';

/** A new device looks at the cursors of so many others: a user may have thousands of timelines. */
const copiedDevices = 4;

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
      database.writeRelaxed(() => forgetDevices(db, unseen(database, session, seenBefore, limit))),
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

  /** The devices that have come furthest: those that are connected, then those seen last. */
  const ahead = (key: DeviceKey) =>
    devicesOf(db, key.app, key.user)
      .select('device_no')
      .orderBy(sql`case when ${live} is null then 1 else 0 end`)
      .orderBy('last_seen_at', 'desc')
      .limit(copiedDevices);

  /** A new device starts where those devices together have come. */
  function* add(key: DeviceKey, { platform, now }: Beginning) {
    const { app, user, device } = key;
    const nos = (yield* rows(ahead(key))).map(({ device_no: no }) => no);
    const row = { app_no: app, user, device, platform, last_seen_at: now, superseded: 0 };
    const [added] = yield* rows(db.insertInto('devices').values(row).returning('device_no'));
    assert(added !== undefined, 'a device is added');
    if (nos.length > 0) yield copyCursors(db, added.device_no, nos);
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
    yield* forgetDevices(db, others);
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

function copyCursors(db: Kysely<Schema>, to: number, from: readonly number[]): Query {
  return sql`
    insert into device_cursors (device_no, timeline_no, position, messages)
    select cast(${to} as bigint), c.timeline_no, max(c.position), max(c.messages)
    from device_cursors c where c.device_no in (${sql.join(from)})
    group by c.timeline_no`.compile(db);
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
