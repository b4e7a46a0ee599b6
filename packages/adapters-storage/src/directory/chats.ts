import type { AppNo, ChatKey, ChatProfile, Chats, Role, TimelineId, UserId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { each, rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { deleteIn } from './restraints.js';
import { chatColumns, chatOf, chatTimeline, presentMembers, toProfile } from './chatRows.js';

/**
 * Memberships are spans in timeline positions: who leaves keeps a closed one, unless nothing was said in
 * it, and who comes back gets another.
 */
export function createChats(database: Database): Chats {
  const { db } = database;
  const { join: joining, present, leaveNothing, leave } = compileAll(database);

  /** The timeline's counters: what stands after its head is for whoever is a member from now on. */
  function* countersOf(app: AppNo, timeline: TimelineId): Steps<Counters> {
    const named = db.selectFrom('timelines').where('app_no', '=', app).where('timeline', '=', timeline);
    const [row] = yield* rows(named.select(['head', 'messages']));
    return row ?? { head: 0, messages: 0 };
  }

  /** In the transaction that changes members: who remembers them sees that they are others now. */
  function raiseVersion(app: AppNo, key: ChatKey) {
    return db
      .updateTable('chats')
      .set(({ eb }) => ({ members_version: eb('members_version', '+', 1) }))
      .where('app_no', '=', app)
      .where('chat', '=', key.id)
      .where('kind', '=', key.kind);
  }

  function* join(app: AppNo, key: ChatKey, users: readonly UserId[], role: Role): Steps<readonly UserId[]> {
    const timeline = chatTimeline(key);
    const { head, messages } = yield* countersOf(app, timeline);
    const span = {
      app_no: app,
      timeline,
      role,
      from_position: head,
      from_messages: messages,
      through_position: null,
    };
    const joined = yield* rows(
      each(
        joining,
        [...new Set(users)].map((user) => ({ ...span, user })),
      ),
    );
    if (joined.length > 0) yield raiseVersion(app, key);
    const added = new Set(joined.map(({ user }) => user));
    return users.filter((user) => added.delete(user));
  }

  function* create(profile: ChatProfile, members: readonly UserId[]): Steps<'created' | 'taken'> {
    const { app, key, owner } = profile;
    const sameId = db.selectFrom('chats').select('chat').where('app_no', '=', app).where('chat', '=', key.id);
    if ((yield* rows(sameId)).length > 0) return 'taken';
    yield db.insertInto('chats').values(chatColumns(profile));
    yield* join(app, key, [owner], 'owner');
    yield* join(app, key, members, 'member');
    return 'created';
  }

  function* addMembers(
    app: AppNo,
    key: ChatKey,
    users: readonly UserId[],
  ): Steps<readonly UserId[] | 'full' | 'unknown'> {
    const [chat] = yield* rows(chatOf(db, app, key).select('members_max'));
    if (chat === undefined) return 'unknown';
    const timeline = chatTimeline(key);
    const asked = [...new Set(users)];
    const [known, [count]] = yield* together(
      each(
        present,
        asked.map((user) => ({ app, timeline, user })),
      ),
      presentMembers(db, app, key).select((e) => e.fn.countAll<number>().as('members')),
    );
    const members = new Set(known.map(({ user }) => user));
    const added = asked.filter((user) => !members.has(user));
    if ((count?.members ?? 0) + added.length > chat.members_max) return 'full';
    return yield* join(app, key, added, 'member');
  }

  function* removeMembers(
    app: AppNo,
    key: ChatKey,
    users: readonly UserId[],
  ): Steps<readonly UserId[] | 'unknown'> {
    const [chat] = yield* rows(chatOf(db, app, key).select('chat'));
    if (chat === undefined) return 'unknown';
    const timeline = chatTimeline(key);
    const { head: through } = yield* countersOf(app, timeline);
    const leaving = [...new Set(users)].map((user) => ({ app, timeline, user, through }));
    const nothing = yield* rows(each(leaveNothing, leaving));
    const left = [...nothing, ...(yield* rows(each(leave, leaving)))];
    if (left.length > 0) yield raiseVersion(app, key);
    const removed = new Set(left.map(({ user }) => user));
    return users.filter((user) => removed.delete(user));
  }

  function* remove(app: AppNo, key: ChatKey): Steps<boolean> {
    const removed = yield* rows(
      db
        .deleteFrom('chats')
        .where('app_no', '=', app)
        .where('chat', '=', key.id)
        .where('kind', '=', key.kind)
        .returning('chat'),
    );
    if (removed.length === 0) return false;
    yield deleteIn(db, app, { by: 'chat', chat: key });
    const { head } = yield* countersOf(app, chatTimeline(key));
    yield* endAll(app, key, head);
    return true;
  }

  /** Ends all memberships of a chat. */
  function* endAll(app: AppNo, key: ChatKey, through: number): Steps<void> {
    const timeline = chatTimeline(key);
    yield db
      .deleteFrom('members')
      .where('app_no', '=', app)
      .where('timeline', '=', timeline)
      .where('through_position', 'is', null)
      .where('from_position', '=', through);
    yield db
      .updateTable('members')
      .set({ through_position: through })
      .where('app_no', '=', app)
      .where('timeline', '=', timeline)
      .where('through_position', 'is', null);
  }

  function* changeRole(app: AppNo, key: ChatKey, user: UserId, role: Role): Steps<boolean> {
    const [changed] = yield* rows(
      db
        .updateTable('members')
        .set({ role })
        .where('app_no', '=', app)
        .where('timeline', '=', chatTimeline(key))
        .where('user', '=', user)
        .where('through_position', 'is', null)
        .where('role', '<>', 'owner')
        .returning('user'),
    );
    if (changed === undefined) return false;
    yield raiseVersion(app, key);
    return true;
  }

  return {
    create: (profile, members) => database.write(() => create(profile, members)),
    find: (app, keys) => find(db, app, keys),
    remove: (app, key) => database.write(() => remove(app, key)),
    addMembers: (app, key, users) => database.write(() => addMembers(app, key, users)),
    removeMembers: (app, key, users) => database.write(() => removeMembers(app, key, users)),
    changeRole: (app, key, user, role) => database.write(() => changeRole(app, key, user, role)),
  };
}

async function find(db: Kysely<Schema>, app: AppNo, keys: readonly ChatKey[]): ReturnType<Chats['find']> {
  const found: (ChatProfile & { readonly memberCount: number })[] = [];
  for (const key of keys) {
    const row = await chatOf(db, app, key)
      .selectAll()
      .select((e) =>
        e
          .selectFrom('members')
          .select((m) => m.fn.countAll<number>().as('members'))
          .where('members.app_no', '=', app)
          .where('members.timeline', '=', chatTimeline(key))
          .where('members.through_position', 'is', null)
          .as('member_count'),
      )
      .executeTakeFirst();
    if (row !== undefined) found.push({ ...toProfile(row), memberCount: row.member_count ?? 0 });
  }
  return found;
}

/** A timeline's, as they are now. */
interface Counters {
  readonly head: number;
  readonly messages: number;
}

interface Member {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly user: UserId;
}

interface Leaving extends Member {
  readonly through: number;
}

const memberKinds = { app: 'whole', timeline: 'text', user: 'text' } as const;

/** Groups may have thousands of members: one statement for all who join or leave. */
function compileAll({ db, statements }: Database) {
  return {
    /** Answers those who were no members before. */
    join: statements.insert(
      'members',
      {
        app_no: 'whole',
        timeline: 'text',
        user: 'text',
        role: 'text',
        from_position: 'whole',
        from_messages: 'whole',
        through_position: 'whole',
      },
      sql<{ user: UserId }>`on conflict do nothing returning "user"`,
    ),
    present: statements.select<Member>(memberKinds)(({ app, timeline, user }) =>
      db
        .selectFrom('members')
        .select('user')
        .where('app_no', '=', app)
        .where('timeline', '=', timeline)
        .where('user', '=', user)
        .where('through_position', 'is', null),
    ),
    /** Of memberships in which nothing was said nothing stays. */
    leaveNothing: statements.change<Leaving>({ ...memberKinds, through: 'whole' })(
      ({ app, timeline, user, through }, start) =>
        start
          .deleteFrom('members')
          .where('app_no', '=', app)
          .where('timeline', '=', timeline)
          .where('user', '=', user)
          .where('through_position', 'is', null)
          .where('from_position', '=', through)
          .where('role', '<>', 'owner')
          .returning('user'),
    ),
    leave: statements.change<Leaving>({ ...memberKinds, through: 'whole' })(
      ({ app, timeline, user, through }, start) =>
        start
          .update('members')
          .set({ through_position: through })
          .where('app_no', '=', app)
          .where('timeline', '=', timeline)
          .where('user', '=', user)
          .where('through_position', 'is', null)
          .where('role', '<>', 'owner')
          .returning('user'),
    ),
  };
}
