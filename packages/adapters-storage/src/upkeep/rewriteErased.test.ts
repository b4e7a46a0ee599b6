import type { CommandLoop, MsgId } from '@recalld/domain';
import { idAt, recallSample, sendSample, textContent } from '@recalld/domain/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresAvailable } from '../testing/postgres.js';
import { openUpkeepWorld, start, today, week } from '../testing/upkeepWorld.js';
import type { UpkeepWorld } from '../testing/upkeepWorld.js';
import { rewriteErased } from './rewriteErased.js';
import { onSession, wasEndedInTime } from './session.js';

describe.skipIf(!postgresAvailable)('tables of erased keys', () => {
  let world: UpkeepWorld;
  let client: pg.Client;
  let loop: CommandLoop;

  beforeEach(async () => {
    world = await openUpkeepWorld();
    ({ client, loop } = world);
  });

  afterEach(() => world.close());

  const runner: UpkeepWorld['runner'] = (work) => world.runner(work);
  const send: UpkeepWorld['send'] = (at, change) => world.send(at, change);
  const values: UpkeepWorld['values'] = (query) => world.values(query);
  const readable = async (...ids: readonly MsgId[]) => [
    ...(await world.storage.contents.read(1, ids)).keys(),
  ];

  const pieces = Array.from({ length: 16 }, (_, n) => `body_keys_d${today}_${today + 1}_h${n}`);
  const fileOf = async (table: string) => (await values(`select pg_relation_filenode('${table}')::int`))[0];
  const filesOf = (tables: readonly string[]) => Promise.all(tables.map(fileOf));
  const noted = async () => (await values('select name from erased_tables order by name')) as string[];
  const letTimePass = () => client.query('update erased_tables set since = since - 240000');

  /** Answers the table that had the key. */
  async function sendAndRecall(n: number): Promise<string> {
    const msgId = await send(start, { msgId: idAt(start, n), content: textContent('secret') });
    const [table] = await values(
      `select k.tableoid::regclass::text from body_keys k join bodies using (position) where item_id = '${msgId}'`,
    );
    const [outcome] = await loop.submit([recallSample({ msgId, now: start, recallId: idAt(start, n + 1) })]);
    expect(outcome?.ok).toBe(true);
    return String(table);
  }

  it('given an erasure, then its table is written anew when its time has come, and others are not', async () => {
    const table = await sendAndRecall(1);
    const others = pieces.filter((piece) => piece !== table);
    expect(others).toHaveLength(15);
    const [before, othersBefore] = [await fileOf(table), await filesOf(others)];

    await runner()('rewrite erased keys');
    expect(await fileOf(table)).toBe(before);
    await letTimePass();
    await runner()('rewrite erased keys');

    expect(await fileOf(table)).not.toBe(before);
    expect(await filesOf(others)).toEqual(othersBefore);
    expect(await noted()).toEqual([]);
  });

  it('given a day of many messages, then each of its tables has a small part of the keys', async () => {
    const ids = Array.from({ length: 800 }, (_, n) => idAt(start, n + 1));
    await loop.submit(ids.map((msgId) => sendSample({ msgId, now: start, expiresAt: start + week })));

    const counts = await values(
      `select count(*)::int from body_keys where item_day = ${today} group by tableoid`,
    );

    expect(counts).toHaveLength(16);
    expect(Math.max(...counts.map(Number))).toBeLessThan(100);
  });

  it('given somebody who holds one of the tables, then the others are written all the same', async () => {
    const tables = [...new Set([await sendAndRecall(1), await sendAndRecall(3), await sendAndRecall(5)])];
    expect(tables.length).toBeGreaterThan(1);
    await letTimePass();
    await client.query(`begin; lock table ${tables[0]} in access share mode`);

    await runner()('rewrite erased keys');
    expect(await noted()).toEqual([`rewriting/${tables[0]}`]);
    await client.query('commit');
    await runner()('rewrite erased keys');

    expect(await noted()).toEqual([]);
  });

  it("given one of a day's tables that nobody gets at, then what lies in another can be read and sent", async () => {
    const [held, other] = [idAt(start, 1), idAt(start, 3)];
    for (const msgId of [held, other]) await send(start, { msgId });
    const places = (await values(
      'select k.tableoid::regclass::text from body_keys k order by position',
    )) as string[];
    expect(places[0]).not.toBe(places[1]);
    await client.query(`begin; lock table ${places[0]} in access exclusive mode`);

    expect(await readable(other)).toEqual([other]);
    const [outcome] = await loop.submit([
      recallSample({ msgId: other, now: start, recallId: idAt(start, 3 + 4_093) }),
    ]);

    expect(outcome?.ok).toBe(true);
    await client.query('rollback');
  });

  it('given a transaction that can still see the key, then it is done again until none can', async () => {
    const reader = new pg.Client({ connectionString: world.url });
    await reader.connect();
    await reader.query('begin isolation level repeatable read; select count(*) from apps');
    const table = await sendAndRecall(1);
    await letTimePass();

    await runner()('rewrite erased keys');
    expect(await noted()).toEqual([`rewriting/${table}`]);

    await reader.end();
    await runner()('rewrite erased keys');
    expect(await noted()).toEqual([]);
  });

  it('given a crash between the claim and its end, then the next run goes on with it', async () => {
    const table = await sendAndRecall(1);
    await client.query("update erased_tables set name = 'rewriting/' || name");
    const before = await fileOf(table);

    await runner()('rewrite erased keys');

    expect(await fileOf(table)).not.toBe(before);
    expect(await noted()).toEqual([]);
  });

  it('given an erasure while its table is claimed, then that one is claimed the next time', async () => {
    const table = await sendAndRecall(1);
    await client.query("update erased_tables set name = 'rewriting/' || name");

    // The same place of the day: an id that differs by as much as there are pieces.
    expect(await sendAndRecall(1 + 4_093)).toBe(table);

    expect(await noted()).toEqual(expect.arrayContaining([table, `rewriting/${table}`]));
  });

  it('given work that takes longer than it may, then it is given up, and other faults are not hidden', async () => {
    await onSession(world.url, async (session) => {
      await session.run('set statement_timeout = 50');
      expect(await wasEndedInTime(() => session.run('select pg_sleep(60)'))).toBe(false);
      expect(await wasEndedInTime(() => session.run('select 1'))).toBe(true);
      await expect(wasEndedInTime(() => session.run('select 1 / 0'))).rejects.toThrow('zero');
    });
  });

  it('given a rewriting, then neither it nor its wait for the lock is without an end', async () => {
    await onSession(world.url, async (session) => {
      await rewriteErased(session, undefined, 0);
      const limits = await session.run(
        "select name, setting from pg_settings where name in ('lock_timeout', 'statement_timeout') order by name",
      );
      expect(limits).toEqual([
        { name: 'lock_timeout', setting: '1000' },
        { name: 'statement_timeout', setting: '3000' },
      ]);
    });
  });
});
