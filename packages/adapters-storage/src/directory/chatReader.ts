import type { ChatReader } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { pageOf, placeIn } from '../paging.js';
import type { Schema } from '../schema.js';
import { presentMembers, toProfile } from './chatRows.js';
import { createMembersNow } from './membersNow.js';

export function createChatReader(db: Kysely<Schema>): ChatReader {
  return {
    membersNow: createMembersNow(db),
    async members(app, key, from, limit) {
      const after = placeIn(from, 'number', 'number');
      const rank = sql<number>`(case role when 'owner' then 0 else 1 end)`;
      const rows = await presentMembers(db, app, key)
        .select(['member_no', 'user', 'role', rank.as('rank')])
        .$if(after !== undefined, (q) =>
          q.where(sql<boolean>`(${rank}, member_no) > (${after?.[0]}, ${after?.[1]})`),
        )
        .orderBy(rank)
        .orderBy('member_no')
        .limit(limit + 1)
        .execute();
      return pageOf(
        rows,
        limit,
        (row) => [row.rank, row.member_no],
        ({ user, role }) => ({ user, role }),
      );
    },
    async list(app, kind, from, limit) {
      const after = placeIn(from, 'number', 'string');
      const rows = await db
        .selectFrom('chats')
        .selectAll()
        .where('app_no', '=', app)
        .where('kind', '=', kind)
        .$if(after !== undefined, (q) =>
          q.where(sql<boolean>`(created_at, chat) > (${after?.[0]}, ${after?.[1]})`),
        )
        .orderBy('created_at')
        .orderBy('chat')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.created_at, row.chat], toProfile);
    },
    async joined(app, user, kind) {
      const rows = await db
        .selectFrom('members as m')
        .innerJoin('chats as c', (join) =>
          join.onRef('c.app_no', '=', 'm.app_no').onRef('c.timeline', '=', 'm.timeline'),
        )
        .selectAll('c')
        .where('m.app_no', '=', app)
        .where('m.user', '=', user)
        // The sign keeps the query from going through all chats of the kind.
        .where(sql`c.kind || ''`, '=', kind)
        .where('m.through_position', 'is', null)
        .orderBy('c.created_at')
        .orderBy('c.chat')
        .execute();
      return rows.map(toProfile);
    },
  };
}
