import type { Log } from '@recalld/domain';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresAvailable } from '../testing/postgres.js';
import { postgresSchema } from '../testing/schemas.js';
import { migrate, migrations, prepareSchema, schemaVersion, SchemaTooNew, SchemaTooOld } from './migrate.js';
import { onPostgresSchema } from './postgresTarget.js';

const clock = createFixedClock(sampleInstant);
const newest = migrations.at(-1)?.version ?? 0;
let schema: Awaited<ReturnType<typeof postgresSchema>>;
let client: pg.Client;

beforeEach(async () => {
  schema = await postgresSchema();
  client = new pg.Client({ connectionString: schema.url });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await schema.close();
});

const start = (log?: Log) => onPostgresSchema(schema.url, log, (target) => prepareSchema(target, clock, log));
const rowsOf = async (text: string): Promise<unknown[]> => (await client.query(text)).rows as unknown[];

function linesOf(lines: string[], told: () => void = () => {}): Log {
  const write = (_fields: object, line: string) => {
    lines.push(line);
    told();
  };
  return { debug: write, info: write, warn: write, error: write };
}

describe.skipIf(!postgresAvailable)('the start of a node on PostgreSQL', () => {
  it('sets an empty database up once, however many start at the same time', async () => {
    const lines: string[] = [];
    await Promise.all([1, 2, 3].map(() => start(linesOf(lines))));
    expect(await schema.on(schemaVersion)).toBe(newest);
    expect(lines.filter((line) => line.includes('brought forward'))).toHaveLength(newest);
  });

  it('waits while somebody is at the schema, and says so', async () => {
    const lines: string[] = [];
    let starting: Promise<void> | undefined;
    await schema.on(async (target) => {
      await new Promise<void>((told) => {
        starting = start(linesOf(lines, told));
      });
      expect(await schemaVersion(target)).toBe(0);
      await migrate(target, clock, undefined);
    });
    await starting;
    expect(lines).toEqual(['waits for another node, which is at the schema']);
  });

  it('refuses an older schema, and says what brings it forward', async () => {
    await schema.on((target) => migrate(target, clock, undefined, migrations.slice(0, -1)));
    const refusal: unknown = await start().catch((fault: unknown) => fault);
    expect(refusal).toBeInstanceOf(SchemaTooOld);
    expect(String(refusal)).toContain('recalld migrate');
    expect(await schema.on(schemaVersion)).toBe(newest - 1);
  });

  it('refuses a newer schema', async () => {
    await start();
    await client.query(`insert into migrations values (${newest + 1}, 'of a later release', 1)`);
    await expect(start()).rejects.toBeInstanceOf(SchemaTooNew);
  });
});

describe.skipIf(!postgresAvailable)('the schema on PostgreSQL', () => {
  beforeEach(() => start());

  it('has one type for whole numbers, and compares every text by its bytes', async () => {
    const types = await rowsOf(
      `select distinct data_type, collation_name from information_schema.columns
       where table_schema = 'public' order by data_type`,
    );
    expect(types).toEqual([
      { data_type: 'bigint', collation_name: null },
      { data_type: 'bytea', collation_name: null },
      { data_type: 'double precision', collation_name: null },
      { data_type: 'text', collation_name: 'C' },
    ]);
  });

  it('gives out positions from 1', async () => {
    expect(await rowsOf('select last_value, is_called from event_positions')).toEqual([
      { last_value: '0', is_called: true },
    ]);
    expect(await rowsOf(`select nextval('event_positions') as position`)).toEqual([{ position: '1' }]);
  });

  it('keeps the log, bodies and keys in partitions by day, also days that have none', async () => {
    await client.query(`
      insert into events (position, stream_day, app_no, stream, version, type, data, actor, command_id, occurred_at)
        select day + 1, day, 1, 's', 1, 't', '{}', 'a', 'c', 1 from unnest(array[0, 20000]) as day;
      insert into bodies (position, item_day, app_no, item_id, format)
        select day + 1, day, 1, 'i', 'easemob' from unnest(array[0, 20000]) as day;
      insert into body_keys (position, item_day, piece, wrapped)
        select day + 1, day, 0, 'k' from unnest(array[0, 20000]) as day`);
    const places = await rowsOf(`
      select tableoid::regclass::text as place from events union all
      select tableoid::regclass::text from bodies union all
      select regexp_replace(tableoid::regclass::text, '_h\\d+$', '') from body_keys`);
    expect(places).toEqual(
      ['events', 'bodies', 'body_keys'].flatMap((table) => [
        { place: `${table}_p0` },
        { place: `${table}_default` },
      ]),
    );
  });

  it('has one row for each version of a stream, in whichever partition', async () => {
    const insert = (position: number, day: number) =>
      client.query(
        `insert into events (position, stream_day, app_no, stream, version, type, data, actor, command_id, occurred_at)
         values ($1, $2, 1, 's', 1, 't', '{}', 'a', 'c', 1)`,
        [position, day],
      );
    for (const day of [0, 20_000]) {
      await insert(day + 1, day);
      await expect(insert(day + 2, day)).rejects.toMatchObject({ code: '23505' });
    }
  });

  it('does not try to compress ciphertext, in partitions that are made later neither', async () => {
    await client.query('create table bodies_p9 partition of bodies for values from (9) to (10)');
    const stored = await rowsOf(`
      select attrelid::regclass::text as name from pg_attribute join pg_class c on c.oid = attrelid
      where relnamespace = 'public'::regnamespace and attname in ('payload', 'bytes') and attstorage = 'e'
      order by 1`);
    const names = ['attachment_chunks', 'bodies', 'bodies_default', 'bodies_p0', 'bodies_p9'];
    expect(stored).toEqual(names.map((name) => ({ name })));
  });
});
