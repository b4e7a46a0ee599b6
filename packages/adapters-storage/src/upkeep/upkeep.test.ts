import type { CommandLoop, Instant, MsgId } from '@recalld/domain';
import {
  ackSample,
  appSample,
  attachmentSample,
  idAt,
  recallSample,
  textContent,
} from '@recalld/domain/testing';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { draftName } from '../attachments/drafts.js';
import type { PostgresStorage } from '../postgresStorage.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openUpkeepWorld, start, today, week } from '../testing/upkeepWorld.js';
import type { UpkeepWorld } from '../testing/upkeepWorld.js';
import { dayMs } from './partitions.js';

describe.skipIf(!postgresAvailable)('upkeep', () => {
  let world: UpkeepWorld;
  let storage: PostgresStorage;
  let client: pg.Client;
  let loop: CommandLoop;
  let clock: UpkeepWorld['clock'];
  let said: readonly string[];

  beforeEach(async () => {
    world = await openUpkeepWorld();
    ({ storage, client, loop, clock, said } = world);
  });

  afterEach(() => world.close());

  const upkeep: UpkeepWorld['upkeep'] = (change) => world.upkeep(change);
  const runner: UpkeepWorld['runner'] = (work) => world.runner(work);
  const send: UpkeepWorld['send'] = (at, change) => world.send(at, change);
  const values: UpkeepWorld['values'] = (query) => world.values(query);

  const partitions = async (table: string) =>
    (await values(
      `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = '${table}'::regclass and c.relname like '%\\_d%\\_%'`,
    )) as string[];
  /** First and last day of each, in order. */
  const rangesOf = async (table: string) =>
    (await partitions(table))
      .map((name) => [...name.matchAll(/\d+/g)].map(Number))
      .sort(([a = 0], [b = 0]) => a - b);
  const readable = async (...ids: readonly MsgId[]) => [...(await storage.contents.read(1, ids)).keys()];

  describe('partitions', () => {
    it('given a new database, then there are some for yesterday and days ahead, of the width of the retention', async () => {
      for (const [table, ahead] of [
        ['events', 30],
        ['bodies', 30],
        ['body_keys', 7],
      ] as const) {
        const ranges = await rangesOf(table);
        expect(ranges[0]).toEqual([today - 1, today]);
        expect(ranges.at(-1)?.[1]).toBe(today + ahead);
        expect(ranges).toHaveLength(ahead + 1);
      }
    });

    it('given a longer retention, then the next ones are wider, and those of keys are not', async () => {
      clock.advance(20 * dayMs);

      await upkeep({ messageRetentionMs: 60 * dayMs }).ensurePartitions();

      expect((await rangesOf('bodies')).slice(31)).toEqual([
        [today + 30, today + 37],
        [today + 37, today + 44],
        [today + 44, today + 51],
      ]);
      // Of the days in which nothing ran, one.
      expect((await rangesOf('body_keys')).slice(7)).toEqual([
        [today + 6, today + 7],
        [today + 7, today + 20],
        ...Array.from({ length: 7 }, (_, n) => [today + 20 + n, today + 21 + n]),
      ]);
    });

    it('given weeks that pass, then each starts where the last one ends', async () => {
      const run = runner();
      for (let n = 0; n < 8; n += 1) {
        clock.advance(week);
        await run('make partitions');
      }

      const ranges = await rangesOf('events');
      expect(ranges.at(-1)?.[1]).toBe(today + 56 + 30);
      for (const [n, [from]] of ranges.entries()) if (n > 0) expect(from).toBe(ranges[n - 1]?.[1]);
    });

    it('given nodes that start at once after a long time, then they are made once, and one covers the time', async () => {
      clock.advance(200 * dayMs);

      await Promise.all(Array.from({ length: 4 }, () => upkeep().ensurePartitions()));

      const ranges = await rangesOf('bodies');
      expect(ranges[31]).toEqual([today + 30, today + 200]);
      expect(ranges).toHaveLength(31 + 1 + 30);
    });

    it('given foreign ids of days to come, then their rows move when these get a partition', async () => {
      const msgId = await send(start + 40 * dayMs, { expiresAt: null });
      expect(await values('select item_id from bodies_default')).toEqual([msgId]);
      clock.advance(20 * dayMs);

      await upkeep().ensurePartitions();

      for (const table of ['bodies', 'events'])
        expect(await values(`select position from ${table}_default`)).toEqual([]);
      expect(await readable(msgId)).toEqual([msgId]);
      clock.advance(15 * dayMs);
      await upkeep().ensurePartitions();

      expect(await values('select position from body_keys_default')).toEqual([]);
      expect(await readable(msgId)).toEqual([msgId]);
      expect(await values('select name from erased_tables order by name')).toEqual(
        Array.from({ length: 16 }, (_, n) => `body_keys_default_h${n}`).sort(),
      );
    });

    it('keeps no samples of keys, and compresses no ciphertext, in those that were made', async () => {
      const names = `'bodies_d${today}_${today + 1}', 'body_keys_d${today}_${today + 1}_h0'`;
      expect(
        await values(`select attstorage::text || coalesce(attstattarget, -1) from pg_attribute
          where attrelid in (select oid from pg_class where relname in (${names}))
            and attname in ('payload', 'wrapped') order by attname`),
      ).toEqual(['e-1', 'x0']);
    });

    it('given somebody who holds the log, then it is tried again later', async () => {
      clock.advance(20 * dayMs);
      await client.query('begin; lock table events_default in access share mode');

      await upkeep().ensurePartitions();
      expect(said).toEqual([expect.stringContaining('no partitions could be made')]);
      await client.query('commit');
      await upkeep().ensurePartitions();

      expect((await rangesOf('events')).at(-1)?.[1]).toBe(today + 50);
    });
  });

  describe('content that expired', () => {
    it('goes with its day, a day after its last message has expired, and not before', async () => {
      const first = await send(start);
      const second = await send(start + dayMs);
      const run = runner();
      const names = [today, today + 1].map((day) => `bodies_d${day}_${day + 1}`);

      clock.advance(8 * dayMs);
      await run('drop expired content');
      expect(await partitions('bodies')).toEqual(expect.arrayContaining(names));

      clock.advance(dayMs);
      await run('drop expired content');
      expect(await partitions('bodies')).not.toContain(names[0]);
      expect(await partitions('body_keys')).not.toContain(`body_keys_d${today}_${today + 1}`);
      expect(await readable(first, second)).toEqual([second]);
      expect(said.filter((line) => line.includes('dropped'))).toHaveLength(4);
    });

    it('given messages of the day that are kept, then they stay, which is said once, and the others are erased', async () => {
      const expired = await send(start);
      const kept = await send(start, { msgId: idAt(start, 2), expiresAt: null });
      const run = runner();
      clock.advance(20 * dayMs);

      await run('drop expired content');
      await run('drop expired content');

      expect(await readable(expired, kept)).toEqual([kept]);
      const stored = `select (payload is null)::text from bodies where item_id in ('${expired}', '${kept}') order by position`;
      expect(await values(stored)).toEqual(['true', 'false']);
      // Of the bodies and of the keys.
      expect(said.filter((line) => line.includes('stays'))).toHaveLength(2);
    });

    it('given messages of the day that are kept, then what the day’s notices say is erased', async () => {
      const recalled = await send(start, { expiresAt: null });
      const kept = await send(start, { msgId: idAt(start, 2), expiresAt: null });
      const [recallId, extension] = [idAt(start, 3), textContent('sorry')];
      await loop.submit([recallSample({ msgId: recalled, recallId, extension, now: start })]);
      expect(await readable(recallId, kept)).toHaveLength(2);
      clock.advance(20 * dayMs);

      await runner()('drop expired content');

      expect(await readable(recallId, kept)).toEqual([kept]);
    });

    it('given foreign ids of days long ago, then it is erased in the partition that stays', async () => {
      const old = await send(start, { msgId: idAt(start - 500 * dayMs, 1) });
      const fresh = await send(start, { msgId: idAt(start - 501 * dayMs, 1), expiresAt: start + 30 * dayMs });
      clock.advance(week);

      await runner()('drop expired content');

      expect(await readable(old, fresh)).toEqual([fresh]);
      expect(await values('select payload is null from bodies_default order by position')).toEqual([
        true,
        false,
      ]);
      expect(await values('select count(*)::int from body_keys_default')).toEqual([1]);
    });

    it('given a retention that was lifted, then what was sent under it goes, and nothing else', async () => {
      const expired = await send(start);
      const kept = await send(start, { msgId: idAt(start, 2), expiresAt: null });
      clock.advance(20 * dayMs);

      await runner(upkeep({ messageRetentionMs: null }))('drop expired content');

      expect(await readable(expired, kept)).toEqual([kept]);
      expect(await values('select count(*)::int from bodies where payload is null')).toEqual([1]);
    });
  });

  describe('what expires in a table that stays', () => {
    /** More than one transaction walks through, all of day 0. */
    const insertExpired = (from: number, count: number, expiresAt: Instant) =>
      client.query(
        `with n as (select generate_series($1::bigint, $1::bigint + $2 - 1) as n), item as (
           insert into timeline_items (event_position, timeline_no, position, kind, author, sent_at, expires_at, state, flags)
           select n, 1, n, 'message', 'u1', 1, $3, 'live', 0 from n)
         insert into bodies (position, app_no, item_id, format, payload, item_day) select n, 1, n::text, 'easemob', 'x', 0 from n`,
        [from, count, expiresAt],
      );
    const left = async () => (await values('select count(payload)::int from bodies'))[0];

    it.each([week, null])(
      'given many at once, and others later (retention %s), then each is erased in its time',
      async (messageRetentionMs) => {
        await insertExpired(1, 6_500, start - 1);
        await insertExpired(6_501, 1_200, start + 1_000);
        const run = runner(upkeep({ messageRetentionMs }));

        await run('drop expired content');
        expect(await left()).toBe(1_200);
        clock.advance(1_000);
        await run('drop expired content');
        expect(await left()).toBe(0);
      },
    );

    it.each([week, null])(
      'given that it was looked through (retention %s), then what was there is not read again',
      async (messageRetentionMs) => {
        await insertExpired(1, 10, start - 1);
        const run = runner(upkeep({ messageRetentionMs }));
        await run('drop expired content');
        // What could be found by nothing but a second look at everything.
        await client.query("update bodies set payload = 'again'");
        clock.advance(1_000);

        await run('drop expired content');
        expect(await left()).toBe(10);
        await runner(upkeep({ messageRetentionMs }))('drop expired content');
        expect(await left()).toBe(0);
      },
    );
  });

  describe('the log', () => {
    const forever = { messageRetentionMs: null, logRetentionMs: 30 * dayMs };

    it('goes with its day, and the rows that were made of it', async () => {
      await storage.attachments.add(attachmentSample(1, 'file'));
      await send(start, { attachments: ['file'] });
      await send(start + dayMs, { attachments: ['file'] });
      clock.advance(32 * dayMs);

      await runner(upkeep(forever))('drop the old log');

      expect(await partitions('events')).not.toContain(`events_d${today}_${today + 1}`);
      expect(await values('select stream_day::int from events')).toEqual([today + 1]);
      expect(await values('select sent_at::bigint from timeline_items')).toEqual([String(start + dayMs)]);
      expect(await values('select msg_id from attachment_refs')).toEqual([idAt(start + dayMs, 1)]);
    });

    it('given a recall that came late, then it stays for as long as the recall', async () => {
      const msgId = await send(start, { expiresAt: null });
      const now = start + 20 * dayMs;
      const waive = { window: true, absence: false };
      const [recalled] = await loop.submit([recallSample({ msgId, now, recallId: idAt(now, 1), waive })]);
      expect(recalled?.ok).toBe(true);

      clock.advance(32 * dayMs);
      await runner(upkeep(forever))('drop the old log');
      expect(await values('select type from events order by position')).toEqual([
        'MessageSent',
        'MessageRecalled',
      ]);

      clock.advance(20 * dayMs);
      await runner(upkeep(forever))('drop the old log');
      expect(await values('select type from events')).toEqual([]);
    });

    it('given an acknowledgement that came late, then it goes with its message, unless it has a text', async () => {
      const [plain, telling] = [await send(start), await send(start + dayMs)];
      const now = start + 30 * dayMs;
      const outcomes = await loop.submit([
        ackSample({ msgId: plain, now, ackId: idAt(now, 1) }),
        ackSample({ msgId: telling, now, ackId: idAt(now, 2), content: textContent('seen') }),
      ]);
      expect(outcomes.every(({ ok }) => ok)).toBe(true);
      expect(await values('select stream_day::int from events order by position')).toEqual([
        today,
        today + 1,
        today,
        today + 1,
      ]);

      clock.advance(34 * dayMs);
      await runner(upkeep(forever))('drop the old log');

      expect(await values('select stream_day::int from events')).toEqual([today + 1, today + 1]);
      expect(await values('select kind from timeline_items order by 1')).toEqual([
        'acknowledgement',
        'message',
      ]);
    });

    it('given a delivery that is still open, then it stays', async () => {
      await send(start);
      await client.query(`
        insert into deliveries (app_no, first_position, rule_id, rule_version, events, stage, attempts, created_at)
        select 1, position, 'rule', 1, '[]', 'pending', 0, 0 from events`);
      clock.advance(32 * dayMs);

      await runner(upkeep(forever))('drop the old log');
      expect(await values('select type from events')).toEqual(['MessageSent']);

      await client.query("update deliveries set stage = 'delivered'");
      await runner(upkeep(forever))('drop the old log');
      expect(await values('select type from events')).toEqual([]);
    });
  });

  it('removes uploads that broke off with their node, an hour later, and no others', async () => {
    const insert = (name: string) =>
      client.query('insert into attachment_chunks (attachment, n, bytes) values ($1, 0, $2)', [
        name,
        Buffer.alloc(3),
      ]);
    await insert(draftName(Date.now() - 3_700_000, 'broken'));
    await insert(draftName(Date.now() - 3_000_000, 'under way'));
    await insert('3f2c1c1e-0d7a-4a9b-9a55-1d0c5f6b7a80');

    await runner()('remove broken uploads');

    expect(await values('select count(*)::int from attachment_chunks')).toEqual([2]);
    expect(await values("select attachment from attachment_chunks where attachment like '%broken'")).toEqual(
      [],
    );
  });

  it('removes uploads whose request died before an attachment named them, an hour later, and no others', async () => {
    const { attachmentBytes, attachments, apps } = storage;
    const app = await apps.create(appSample());
    if (typeof app !== 'object') throw new Error('the app is there');
    const ids = ['a', 'b', 'c'].map((first) => `${first}0000000-0000-4000-8000-000000000000`);
    const [claimed = '', unclaimed = '', young = ''] = ids;
    async function* bytes(): AsyncIterable<Uint8Array> {
      yield Buffer.from('content');
    }
    for (const id of ids) await attachmentBytes.put(id, bytes(), 100);
    await attachments.add(attachmentSample(app.no, claimed));
    await client.query(
      'update attachment_uploads set stored_at = stored_at - 3700000 where attachment <> $1',
      [young],
    );

    await runner()('remove unclaimed uploads');

    const left = await Promise.all(ids.map(async (id) => (await attachmentBytes.open(id)) !== undefined));
    expect(left).toEqual([true, false, true]);
    expect(await values('select distinct attachment from attachment_chunks order by 1')).toEqual([
      claimed,
      young,
    ]);
    expect(await values('select attachment from attachment_uploads')).toEqual([young]);
    expect(await values("select name from erased_tables where name like 'attachment_keys%'")).toHaveLength(1);
    expect(ids).toContain(unclaimed);
  });

  it('given all chores at once, then they have one connection', async () => {
    const work = upkeep({ logRetentionMs: 30 * dayMs });
    const sessions =
      "select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'recalld upkeep'";
    let over = false;
    const seen: unknown[] = [];
    const running = Promise.all(work.chores.map((chore) => chore.run())).finally(() => {
      over = true;
    });
    while (!over) seen.push(...(await values(sessions)));
    await running;

    expect(work.chores.length).toBeGreaterThan(4);
    expect(seen).toContain(1);
    // One may be about to end while the next has begun.
    expect(Math.max(...seen.map(Number))).toBeLessThanOrEqual(2);
  });
});
