import type { AppNo, ChatKey, ChatProfile, Chats, Role, TimelineId, UserId } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { fill, template } from '../statements.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { chatColumns, chatOf, chatTimeline, presentMembers, toProfile } from './chatRows.js';

export interface ChatsDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
}

interface Joining {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly user: UserId;
  readonly role: Role;
  readonly from: number;
}

/** Memberships are spans in timeline positions: who leaves keeps a closed one, who comes back gets another. */
export function createChats({ db, writer }: ChatsDeps): Chats {
  const joining = joiningOne(db);

  /** The timeline's head: what stands after it is for whoever is a member from now on. */
  function* headOf(app: AppNo, timeline: TimelineId): Write<number> {
    const named = db.selectFrom('timelines').where('app_no', '=', app).where('timeline', '=', timeline);
    const [row] = yield* rows(named.select('head'));
    return row?.head ?? 0;
  }

  function* join(app: AppNo, key: ChatKey, users: readonly UserId[], role: Role): Write<readonly UserId[]> {
    const timeline = chatTimeline(key);
    const from = yield* headOf(app, timeline);
    const added: UserId[] = [];
    for (const user of users) {
      const joined = yield* rows(fill(joining, { app, timeline, user, role, from }));
      if (joined.length > 0) added.push(user);
    }
    return added;
  }

  function* create(profile: ChatProfile, members: readonly UserId[]): Write<'created' | 'taken'> {
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
  ): Write<readonly UserId[] | 'full' | 'unknown'> {
    const [chat] = yield* rows(chatOf(db, app, key).select('members_max'));
    if (chat === undefined) return 'unknown';
    const present = yield* rows(presentMembers(db, app, key).select('user'));
    const known = new Set(present.map(({ user }) => user));
    const added = [...new Set(users)].filter((user) => !known.has(user));
    if (known.size + added.length > chat.members_max) return 'full';
    return yield* join(app, key, added, 'member');
  }

  function* removeMembers(
    app: AppNo,
    key: ChatKey,
    users: readonly UserId[],
  ): Write<readonly UserId[] | 'unknown'> {
    const [chat] = yield* rows(chatOf(db, app, key).select('chat'));
    if (chat === undefined) return 'unknown';
    const through = yield* headOf(app, chatTimeline(key));
    const removed: UserId[] = [];
    for (const user of new Set(users)) {
      const left = yield* rows(
        leaving(db, app, key, through)
          .where('user', '=', user)
          .where('role', '<>', 'owner')
          .returning('user'),
      );
      if (left.length > 0) removed.push(user);
    }
    return removed;
  }

  function* remove(app: AppNo, key: ChatKey): Write<boolean> {
    const removed = yield* rows(
      db
        .deleteFrom('chats')
        .where('app_no', '=', app)
        .where('chat', '=', key.id)
        .where('kind', '=', key.kind)
        .returning('chat'),
    );
    if (removed.length === 0) return false;
    yield leaving(db, app, key, yield* headOf(app, chatTimeline(key)));
    return true;
  }

  return {
    create: (profile, members) => writer.write(() => create(profile, members)),
    find: (app, keys) => find(db, app, keys),
    remove: (app, key) => writer.write(() => remove(app, key)),
    addMembers: (app, key, users) => writer.write(() => addMembers(app, key, users)),
    removeMembers: (app, key, users) => writer.write(() => removeMembers(app, key, users)),
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

/** Ends memberships of a chat. */
function leaving(db: Kysely<Schema>, app: AppNo, key: ChatKey, through: number) {
  return db
    .updateTable('members')
    .set({ through_position: through })
    .where('app_no', '=', app)
    .where('timeline', '=', chatTimeline(key))
    .where('through_position', 'is', null);
}

/** Answers a row when the user was no member before. Groups may have thousands: compiled once. */
function joiningOne(db: Kysely<Schema>) {
  return template<Joining>()((joining) =>
    db
      .insertInto('members')
      .values({
        app_no: joining.app,
        timeline: joining.timeline,
        user: joining.user,
        role: joining.role,
        from_position: joining.from,
        through_position: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('user'),
  );
}
