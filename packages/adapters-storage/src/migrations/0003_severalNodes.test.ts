import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteSchema } from '../testing/schemas.js';
import type { TestSchema } from '../testing/schemas.js';
import { migrate, migrations } from './migrate.js';

// What release 2 wrote: one message that expires, one that never does, and a notice; each message refers
// to the same attachment. PostgreSQL never had that schema.

const clock = createFixedClock(sampleInstant);
const expiresAt = sampleInstant + 60_000;
let schema: TestSchema;

const release2 = [
  `INSERT INTO nodes (node_no, last_second) VALUES (1, 77)`,
  `INSERT INTO apps (org, name, uuid, client_id, sealed_client_secret, sealed_token_key, token_epoch, created_at)
   VALUES ('demo-org', 'demo-app', 'uuid', 'client', 'sealed', 'sealed', 1, 1)`,
  `INSERT INTO bodies (position, app_no, item_id, format, payload)
   VALUES (1, 1, '11', 'easemob', x'01'), (2, 1, '12', 'easemob', x'02'), (3, 1, '911', 'easemob', NULL)`,
  `INSERT INTO timeline_items (event_position, timeline_no, position, kind, author, sent_at, expires_at, state, flags)
   VALUES (1, 1, 1, 'message', 'u1', 1, ${expiresAt}, 'recalled', 0), (2, 1, 2, 'message', 'u1', 1, NULL, 'live', 0),
     (3, 1, 3, 'recall', 'u1', 1, NULL, 'live', 0)`,
  `INSERT INTO attachment_refs (app_no, attachment, msg_id, live)
   VALUES (1, 'a', '11', 1), (1, 'a', '12', 1), (2, 'a', '11', 0)`,
];

beforeEach(async () => {
  schema = await sqliteSchema();
  await schema.on(async (target) => {
    await migrate(target, clock, undefined, migrations.slice(0, 2));
    await target.transaction(release2.map((text) => ({ sql: text, parameters: [] })));
    await migrate(target, clock, undefined, migrations.slice(0, 3));
  });
});

afterEach(() => schema.close());

const rowsOf = (text: string) => schema.on(({ db, run }) => run(sql.raw(text).compile(db)));

describe('a database of release 2', () => {
  it('knows when its references end: with their message, and never for another one', async () => {
    expect(
      await rowsOf('SELECT app_no, msg_id, live, expires_at FROM attachment_refs ORDER BY 1, 2'),
    ).toEqual([
      { app_no: 1, msg_id: '11', live: 1, expires_at: expiresAt },
      { app_no: 1, msg_id: '12', live: 1, expires_at: null },
      { app_no: 2, msg_id: '11', live: 0, expires_at: null },
    ]);
  });

  it('keeps its bodies as they are', async () => {
    expect(await rowsOf('SELECT position, item_day, payload FROM bodies')).toEqual([
      { position: 1, item_day: 0, payload: Buffer.from([1]) },
      { position: 2, item_day: 0, payload: Buffer.from([2]) },
      { position: 3, item_day: 0, payload: null },
    ]);
  });

  it('goes on with its ids, under a node number that nobody holds', async () => {
    expect(await rowsOf('SELECT * FROM nodes')).toEqual([
      { node_no: 1, last_second: 77, owner: null, lease_until: 0 },
    ]);
  });

  it('has apps without rate limits', async () => {
    expect(await rowsOf('SELECT name, rate_limits FROM apps')).toEqual([
      { name: 'demo-app', rate_limits: null },
    ]);
    expect(await rowsOf('SELECT * FROM rate_windows')).toEqual([]);
  });

  it('begins its generations, and has no floor under its positions', async () => {
    expect(await rowsOf('SELECT * FROM generations')).toEqual([{ one: 1, apps: 0, rules: 0 }]);
    expect(await rowsOf('SELECT * FROM log_floor')).toEqual([{ one: 1, position: 0 }]);
    expect(await rowsOf('SELECT * FROM leases')).toEqual([]);
  });
});
