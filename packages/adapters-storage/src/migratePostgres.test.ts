import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrations, schemaVersion } from './migrations/migrate.js';
import { NodesAtWork } from './nodes/liveNodes.js';
import { migratePostgres } from './postgresStorage.js';
import { postgresAvailable } from './testing/postgres.js';
import { postgresSchema } from './testing/schemas.js';

const clock = createFixedClock(sampleInstant);
const newest = migrations.at(-1)?.version ?? 0;
let schema: Awaited<ReturnType<typeof postgresSchema>>;
let client: pg.Client;

beforeEach(async () => {
  if (!postgresAvailable) return;
  schema = await postgresSchema();
  client = new pg.Client({ connectionString: schema.url });
  await client.connect();
});

afterEach(async () => {
  if (!postgresAvailable) return;
  await client.end();
  await schema.close();
});

/** Makes the lease of one node end so many ms from now. */
const lease = (ms: number) =>
  client.query(
    `insert into nodes (node_no, owner, lease_until, last_second)
     values (1, 'somebody', floor(extract(epoch from clock_timestamp()) * 1000)::bigint + ${ms}, 0)
     on conflict (node_no) do update set lease_until = excluded.lease_until`,
  );

describe.skipIf(!postgresAvailable)('bringing a PostgreSQL schema forward', () => {
  const bring = () => migratePostgres({ url: schema.url, clock });

  it('given a node at work, then it is refused', async () => {
    await schema.on((target) => migrate(target, clock, undefined));
    await lease(20_000);
    let working = true;
    const work = (async () => {
      while (working) await lease(20_000);
    })();

    await expect(bring()).rejects.toThrow(NodesAtWork);

    working = false;
    await work;
  });

  it('given a node that died, then it waits until nobody can be at work', async () => {
    await schema.on((target) => migrate(target, clock, undefined));
    await lease(300);

    await expect(bring()).resolves.toBeUndefined();
  });

  it('given an empty or an older database, then it is brought forward', async () => {
    await schema.on((target) => migrate(target, clock, undefined, migrations.slice(0, 2)));

    await bring();

    expect(await schema.on(schemaVersion)).toBe(newest);
  });
});
