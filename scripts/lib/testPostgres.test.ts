import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { withClient } from './postgresDatabases.mjs';
import { createTestDatabase, lendPostgres, postgresAvailable } from './testPostgres.mjs';

const none = !postgresAvailable();

afterEach(() => vi.unstubAllEnvs());

async function numbersIn(url: string): Promise<unknown> {
  const { rows } = await withClient(url, (client) => client.query({ text: 'table kept', rowMode: 'array' }));
  return rows.flat();
}

async function prepareOne(url: string): Promise<void> {
  await withClient(url, (client) => client.query('create table kept as select 1 as n'));
}

async function prepareTwo(url: string): Promise<void> {
  await withClient(url, (client) => client.query('create table kept as select 2 as n'));
}

describe.skipIf(none)('a test’s database', () => {
  it('is empty, its own, and gone when it is dropped under its clients', async () => {
    const [one, other] = await Promise.all([create(), create()]);
    await prepareOne(one.url);
    await expect(numbersIn(other.url)).rejects.toThrow('does not exist');

    await withClient(one.url, async () => one.drop());
    await other.drop();

    await expect(numbersIn(one.url)).rejects.toThrow('does not exist');
  });

  it('comes prepared, each time by the preparation that it names', async () => {
    const databases = await Promise.all([create(prepareOne), create(prepareTwo), create(prepareOne)]);

    expect(await Promise.all(databases.map(({ url }) => numbersIn(url)))).toEqual([[1], [2], [1]]);
    await Promise.all(databases.map(({ drop }) => drop()));
  });

  it('is prepared once, also when many ask at the same time', async () => {
    const log = await create();
    await withClient(log.url, (client) => client.query('create table kept (n int)'));
    const prepare = async () => {
      await withClient(log.url, (client) => client.query('insert into kept values (1)'));
    };

    const databases = await Promise.all(Array.from({ length: 5 }, () => create(prepare)));

    expect(await numbersIn(log.url)).toEqual([1]);
    await Promise.all([log, ...databases].map(({ drop }) => drop()));
  });

  it('is refused by a preparation that fails, and made by the same one when it works', async () => {
    let fails = true;
    const prepare = async (url: string) => {
      await prepareOne(url);
      if (fails) throw new Error('not this time');
    };
    await expect(create(prepare)).rejects.toThrow('not this time');
    fails = false;

    const database = await create(prepare);

    expect(await numbersIn(database.url)).toEqual([1]);
    await database.drop();
  });

  const create = (prepare?: (url: string) => Promise<void>) =>
    createTestDatabase(inject('postgresLender'), prepare);
});

describe('a lender of PostgreSQL', () => {
  it('says to each borrower why it has none', async () => {
    vi.stubEnv('RECALLD_TEST_POSTGRES_URL', '');
    vi.stubEnv('RECALLD_TEST_POSTGRES_BIN', '/nowhere');
    expect(postgresAvailable()).toBe(false);
    const lender = await lendPostgres();

    await expect(createTestDatabase(lender.url)).rejects.toThrow('PostgreSQL was not found');
    await expect(createTestDatabase(lender.url)).rejects.toThrow('PostgreSQL was not found');
    await lender.stop();
  });

  describe.skipIf(none)('of the server that the environment names', () => {
    let own: Awaited<ReturnType<typeof createTestDatabase>>;
    beforeAll(async () => {
      own = await createTestDatabase(inject('postgresLender'));
    });
    afterAll(() => own.drop());

    it('drops what tests have left there, and nothing else', async () => {
      // The role of a database may make none.
      const lent = await fetch(inject('postgresLender'));
      const { url } = (await lent.json()) as { url: string };
      vi.stubEnv('RECALLD_TEST_POSTGRES_URL', url);
      vi.stubEnv('RECALLD_TEST_POSTGRES_BIN', '/nowhere');
      expect(postgresAvailable()).toBe(true);
      const lender = await lendPostgres();
      const left = await createTestDatabase(lender.url, prepareOne);
      expect(await numbersIn(left.url)).toEqual([1]);

      await lender.stop();

      await expect(numbersIn(left.url)).rejects.toThrow('does not exist');
      await prepareOne(own.url);
      expect(await numbersIn(own.url)).toEqual([1]);
    });
  });
});
