import { Contended, Unavailable } from '@recalld/domain';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createTestDatabase, postgresAvailable } from '../testing/postgres.js';
import { openPostgres } from './postgres.js';
import type { PostgresEngine } from './postgres.js';
import { checkSettings } from './postgresChecks.js';

const query = <R = unknown>(
  sql: string,
  ...parameters: unknown[]
): { sql: string; parameters: unknown[]; rowShape?: R } => ({ sql, parameters });

let engine: PostgresEngine;
let url: string;
let drop: () => Promise<void>;

function* add(n: number): Steps<void> {
  yield query('insert into t (n) values ($1)', n);
}

const numbers = async () => (await engine.run('select n from t order by n')).map(({ n }) => n);

/** Ends every other connection to the database, as a server that goes down does. */
async function cutAll(): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
}

describe.skipIf(!postgresAvailable)('the PostgreSQL engine', () => {
  beforeEach(async () => {
    ({ url, drop } = await createTestDatabase());
    engine = openPostgres({ url, log: undefined });
    await engine.run('create table t (n bigint primary key, what text, bytes bytea)');
  });

  afterEach(async () => {
    await engine.close();
    await drop();
  });

  describe.each(['write', 'writeGuarded', 'writeRelaxed'] as const)('%s', (kind) => {
    it('commits all of a write or nothing', async () => {
      await engine[kind](() => add(1));
      const failing = engine[kind](function* () {
        yield* add(2);
        throw new Error('on second thoughts');
      });
      await expect(failing).rejects.toThrow('on second thoughts');
      expect(await numbers()).toEqual([1]);
    });

    it('answers Unavailable when the connection is lost in the middle, and works again at once', async () => {
      const lost = engine[kind](function* () {
        yield* add(1);
        yield query('select pg_terminate_backend(pg_backend_pid())');
      });
      await expect(lost).rejects.toThrow(Unavailable);
      await engine[kind](() => add(2));
      expect(await numbers()).toEqual([2]);
    });
  });

  it('looks rows up by their key, however small the table was when the statement was planned', async () => {
    const plan = await engine.run(
      'explain select t.what from generate_series(1, 600) as given(n) join t on t.n = given.n',
    );
    expect(JSON.stringify(plan)).toContain('Index');
    expect(JSON.stringify(plan)).not.toContain('Seq Scan');
  });

  it('reads a page in the order of an index, however few rows it expects', async () => {
    await engine.run('create index t_what on t (what, n)');
    const plan = await engine.run("explain select n from t where what = 'a' order by n desc limit 20");
    expect(JSON.stringify(plan)).toContain('Index');
    expect(JSON.stringify(plan)).not.toContain('Sort');
  });

  it('waits for the disk, unless a write is relaxed', async () => {
    function* level(): Steps<unknown> {
      const [row] = yield* rows<{ synchronous_commit: string }>(query('show synchronous_commit'));
      return row?.synchronous_commit;
    }
    const levels = [
      await engine.write(level),
      await engine.writeGuarded(level),
      await engine.writeRelaxed(level),
    ];
    expect(levels).toEqual(['on', 'on', 'off']);
    expect(await engine.write(level)).toBe('on');
  });

  it('runs writes that read what others change as if one after the other', async () => {
    await engine.write(() => add(1));
    const increment = () =>
      engine.write(function* () {
        const [row] = yield* rows<{ n: number }>(query('select n from t'));
        yield query('update t set n = $1', (row?.n ?? 0) + 1);
      });
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await numbers()).toEqual([21]);
  });

  it('gives up a write that loses every time with a fault that says so', async () => {
    await engine.write(() => add(1));
    const losing = engine.write(function* () {
      yield* add(1);
    });
    await expect(losing).rejects.toThrow(Contended);
  });

  it('reads on one state of the database, whatever is committed between its steps', async () => {
    await engine.write(() => add(1));
    let reached = () => undefined as void;
    const atStep = new Promise<void>((resolve) => (reached = resolve));
    const reading = engine.read(function* () {
      const before = yield* rows(query('select n from t'));
      reached();
      yield query('select pg_sleep(0.2)');
      return [before, yield* rows(query('select n from t'))];
    });
    await atStep;
    await engine.write(() => add(2));
    const [before, after] = await reading;
    expect(after).toEqual(before);
  });

  it('answers requests of one flight in order, each with its rows', async () => {
    const answers = await engine.read(function* () {
      return yield* together(
        query<{ a: number }>('select 1::bigint as a'),
        query('select 2::bigint as b where false'),
        query<{ c: string }>("select 'x' as c"),
      );
    });
    expect(answers).toEqual([[{ a: 1 }], [], [{ c: 'x' }]]);
  });

  it('runs a statement for many rows as one, whatever their values are', async () => {
    const insert = engine.statements.insert('t' as never, { n: 'whole', what: 'text', bytes: 'bytes' });
    const texts = ['plain', '', 'a,b', '{"x":1}', '"\\\'', 'NULL', 'ü群👍', ' lines\n\t', null];
    const given = texts.map((what, n) => ({ n, what, bytes: n % 2 === 0 ? Buffer.from([0, n, 255]) : null }));
    await engine.write(function* () {
      yield { statement: insert, parameters: given };
    });
    const found = await engine.run('select n, what, bytes from t order by n');
    expect(found).toEqual(given);
  });

  it('stores U+0000 as the replacement character, which text cannot hold', async () => {
    await engine.write(function* () {
      yield query('insert into t (n, what) values (1, $1)', 'a\0b');
    });
    expect(await engine.run('select what from t')).toEqual([{ what: 'a\ufffdb' }]);
  });

  it('stores it so in a list too, whatever stands first in that', async () => {
    const insert = engine.statements.insert('t' as never, { n: 'whole', what: 'text' });
    await engine.write(function* () {
      yield {
        statement: insert,
        parameters: [null, 'a', 'a\0b'].map((what, n) => ({ n, what })),
      };
    });
    expect(await engine.run('select what from t order by n')).toEqual([
      { what: null },
      { what: 'a' },
      { what: 'a\ufffdb' },
    ]);
  });

  it('answers Unavailable when nobody listens there, and names no password', async () => {
    const away = openPostgres({ url: 'postgres://me:secret-word@127.0.0.1:9/none', log: undefined });
    const fault: unknown = await away.run('select 1').catch((thrown: unknown) => thrown);
    await away.close();
    expect(fault).toBeInstanceOf(Unavailable);
    expect(String(fault)).not.toContain('secret-word');
  });

  it('finds lost connections of the pool before they are used', async () => {
    await Promise.all(Array.from({ length: 5 }, () => engine.run('select pg_sleep(0.05)')));
    await cutAll();
    await expect.poll(() => engine.run('select 1 as one').catch(() => undefined)).toEqual([{ one: 1 }]);
  });

  it('takes a database that keeps what it acknowledges', async () => {
    await expect(checkSettings(engine)).resolves.toBeUndefined();
  });

  it('refuses one whose commits do not wait for the disk', async () => {
    await engine.run(`alter role current_user set synchronous_commit = off`);
    const careless = openPostgres({ url, log: undefined });
    await expect(checkSettings(careless)).rejects.toThrow('synchronous_commit off');
    await careless.close();
    await engine.run(`alter role current_user reset synchronous_commit`);
  });
});
