import { inspect } from 'node:util';
import { Unavailable } from '@recalld/domain';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { createTestDatabase, postgresAvailable } from '../testing/postgres.js';
import { openPostgres } from './postgres.js';
import type { PostgresEngine } from './postgres.js';

const query = (sql: string, ...parameters: unknown[]) => ({ sql, parameters });
const raise = (code: string) => `do $$ begin raise exception using errcode = '${code}'; end $$`;

let engine: PostgresEngine;
let url: string;
let drop: () => Promise<void>;

beforeEach(async () => {
  if (!postgresAvailable) return;
  ({ url, drop } = await createTestDatabase());
  engine = openPostgres({ url, log: undefined });
  await engine.run('create table t (n bigint primary key, what text not null, check (n < 100))');
});

afterEach(async () => {
  if (!postgresAvailable) return;
  await engine.close();
  await drop();
});

const faultIn = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe.skipIf(!postgresAvailable)('a server that cannot help it', () => {
  const codes = ['53100', '53200', '53300', '58030', '25006', 'XX000', '57014', '57P03'];

  it.each([...codes, '55P03', '40P01', '40001'])(
    'given %s on a read, then it is Unavailable',
    async (code) => {
      const reads: readonly Promise<unknown>[] = [
        engine.read(function* () {
          yield query(raise(code));
        }),
        engine.run(raise(code)),
      ];
      const faults = await Promise.all(reads.map(faultIn));
      expect(faults).toEqual([expect.any(Unavailable), expect.any(Unavailable)]);
    },
  );

  it.each(codes)('given %s on a write, then it is Unavailable', async (code) => {
    const write = engine.writeGuarded(function* () {
      yield query(raise(code));
    });
    expect(await faultIn(write)).toBeInstanceOf(Unavailable);
  });

  it.each(['40P01', '40001'])('given %s once, then a read runs again', async (code) => {
    let runs = 0;
    const read = engine.read(function* (): Steps<unknown> {
      runs += 1;
      if (runs === 1) yield query(raise(code));
      return yield* rows(query('select 1::bigint as one'));
    });
    expect(await read).toEqual([{ one: 1 }]);
  });

  it('given a table that somebody locks, then reads of it are Unavailable, in a transaction or not', async () => {
    const locker = new pg.Client({ connectionString: url });
    await locker.connect();
    await locker.query('begin; lock table t in access exclusive mode');
    await engine.run('set lock_timeout = 20');

    const single = await faultIn(
      engine.db
        .selectFrom('t' as never)
        .selectAll()
        .execute(),
    );
    const together = await faultIn(
      engine.read(function* () {
        yield query('set local lock_timeout = 20');
        yield query('select n from t');
      }),
    );
    await locker.end();

    expect([single, together]).toEqual([expect.any(Unavailable), expect.any(Unavailable)]);
  });

  it('given a lock that a commit waited for, then it has moved, as after every race', async () => {
    const fault = await faultIn(
      engine.commit(function* () {
        yield query(raise('55P03'));
      }),
    );
    expect(engine.conflictOf(fault)).toBe('moved');
  });
});

describe.skipIf(!postgresAvailable)('what leaves the engine', () => {
  // Everything that a log could print of it, hidden fields and causes too.
  const printed = (fault: unknown) => inspect(fault, { depth: null, showHidden: true, getters: true });

  it.each([
    [
      'a key that is there',
      "insert into t values (7, 'alice-secret'), (7, 'alice-secret')",
      '23505',
      't_pkey',
    ],
    ['a value that is missing', 'insert into t values (31337, null)', '23502', '"t"'],
    ['a value that is checked', "insert into t values (31337, 'alice-secret')", '23514', 't_n_check'],
    ['a value of another type', "select bigint 'alice-secret'", '22P02', '22P02'],
    ['an integer too large', "select bigint '313373133731337313373133731337'", '22003', '22003'],
    ['words of a function', "do $$ begin raise 'alice-secret'; end $$", 'P0001', 'P0001'],
  ])('given %s, then it names the code and the table or key, and no value', async (_, text, code, named) => {
    const ways = [
      engine.run(text),
      engine.writeGuarded(function* () {
        yield query(text);
      }),
    ];
    for (const fault of await Promise.all(ways.map(faultIn))) {
      expect(fault).toMatchObject({ name: 'DatabaseFault', code });
      expect(printed(fault)).toContain(named);
      expect(printed(fault)).not.toMatch(/alice-secret|31337|detail|internalQuery/);
    }
  });

  it('given a table that is not there, then it says which', async () => {
    expect(await faultIn(engine.run('select 1 from nowhere'))).toHaveProperty(
      'message',
      'relation "nowhere" does not exist',
    );
  });
});
