import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { postgresAvailable } from '../testing/postgres.js';
import { postgresSchema, sqliteSchema } from '../testing/schemas.js';
import type { TestSchema } from '../testing/schemas.js';
import { migrate, migrations } from './migrate.js';

// What release 3 wrote: a pair with a message and its recall, a group with two members of whom one has
// left, and a conversation that was deleted.

const clock = createFixedClock(sampleInstant);

const release3 = [
  `insert into apps (org, name, uuid, client_id, sealed_client_secret, sealed_token_key, token_epoch, created_at)
   values ('demo-org', 'demo-app', 'uuid', 'client', 'sealed', 'sealed', 1, 1)`,
  `insert into timelines (app_no, timeline, head, messages, user_a, user_b)
   values (1, 'pair/u1/u2', 2, 1, 'u1', 'u2'), (1, 'group/g1', 5, 5, null, null)`,
  `insert into timeline_items
     (event_position, timeline_no, position, kind, message_seq, author, sent_at, state, flags)
   values (1, 1, 1, 'message', 1, 'u1', 1, 'recalled', 0), (2, 1, 2, 'recall', null, 'u1', 2, 'live', 0)`,
  `insert into chats
     (app_no, chat, kind, timeline, type, name, description, owner, members_max, custom, settings, created_at)
   values (1, 'g1', 'groupchat', 'group/g1', 'Public', 'g', '', 'u1', 10, '', '{}', 1)`,
  `insert into members (app_no, timeline, "user", role, from_position, through_position)
   values (1, 'group/g1', 'u1', 'owner', 0, null), (1, 'group/g1', 'u2', 'member', 3, 4)`,
  `insert into conversations (app_no, "user", timeline, list_through, roam_through)
   values (1, 'u1', 'pair/u1/u2', 1, 1)`,
];

describe.each([
  ['SQLite', true, sqliteSchema],
  ['PostgreSQL', postgresAvailable, postgresSchema],
] as const)('a database of release 3 on %s', (_, available, make: () => Promise<TestSchema>) => {
  let schema: TestSchema;
  const rowsOf = (text: string) => schema.on(({ db, run }) => run(sql.raw(text).compile(db)));

  afterEach(() => schema.close());

  it.skipIf(!available)(
    'keeps what it has; what nobody counted is zero, and nobody has a device',
    async () => {
      schema = await make();
      await schema.on(async (target) => {
        await migrate(target, clock, undefined, migrations.slice(0, 3));
        await target.transaction(release3.map((text) => ({ sql: text, parameters: [] })));
        await migrate(target, clock, undefined, migrations.slice(0, 4));
      });

      expect(
        numbers(
          await rowsOf('select from_position, through_position, from_messages from members order by 1'),
        ),
      ).toEqual([
        { from_position: 0, through_position: null, from_messages: 0 },
        { from_position: 3, through_position: 4, from_messages: 0 },
      ]);
      expect(numbers(await rowsOf('select members_version, disabled from chats'))).toEqual([
        { members_version: 0, disabled: 0 },
      ]);
      expect(
        numbers(
          await rowsOf('select list_through, roam_through, roam_sent_seq, read_through from conversations'),
        ),
      ).toEqual([{ list_through: 1, roam_through: 1, roam_sent_seq: 0, read_through: 0 }]);
      expect(numbers(await rowsOf('select position from timeline_items order by 1'))).toEqual([
        { position: 1 },
        { position: 2 },
      ]);
      for (const table of ['devices', 'device_cursors', 'retry_keys', 'roaming_deletions', 'restraints']) {
        expect(await rowsOf(`select * from ${table}`)).toEqual([]);
      }
    },
  );
});

/** A driver may tell whole numbers as text. */
function numbers(rows: readonly unknown[]): readonly unknown[] {
  return JSON.parse(
    JSON.stringify(rows, (_, value: unknown) => (typeof value === 'string' ? Number(value) : value)),
  ) as readonly unknown[];
}
