import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { appSample, idAt, sampleInstant, sendUnit } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PostgresStorage } from '../postgresStorage.js';
import { rows } from '../steps.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';
import { openPostgres } from './postgres.js';
import type { PostgresEngine } from './postgres.js';

let storage: PostgresStorage;
let engine: PostgresEngine;
let url: string;
let remove: () => Promise<void>;

/** A transaction of another node, in the hands of a test. */
interface Open {
  readonly positions: readonly number[];
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

const opened: pg.Client[] = [];

/** Takes positions and writes events there, as a node does, and leaves the transaction open. */
async function open(count: number): Promise<Open> {
  const client = new pg.Client({ connectionString: url });
  opened.push(client);
  await client.connect();
  await client.query('begin');
  const { sql, parameters } = taking(count);
  const { rows: taken } = await client.query<{ position: string }>(sql, [...parameters]);
  const positions = taken.map(({ position }) => Number(position));
  for (const position of positions) {
    await client.query(
      `insert into events (position, stream_day, app_no, stream, version, type, data, actor, command_id, occurred_at)
       values ($1, 0, 1, $2, 1, 'AttachmentPurged', '{"attachment":"a","msgId":"1"}', 'system', 'c', 1)`,
      [position, `by-hand/${position}`],
    );
  }
  const end = async (word: string) => {
    await client.query(word);
    await client.end();
  };
  return { positions, commit: () => end('commit'), rollback: () => end('rollback') };
}

function taking(count: number): { readonly sql: string; readonly parameters: readonly unknown[] } {
  const request = engine.positions.take(count);
  if (!('sql' in request)) throw new Error('positions are taken by a query of their own');
  return request;
}

async function readAll(after = 0): Promise<readonly number[]> {
  return (await storage.log.read({ after, limit: 100 })).events.map(({ position }) => position);
}

describe.skipIf(!postgresAvailable)('the log on several nodes', () => {
  beforeEach(async () => {
    ({ storage, url, remove } = await openTestStorage());
    engine = openPostgres({ url, log: undefined });
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((client) => client.end().catch(() => undefined)));
    await engine.close();
    await remove();
  });

  it('shows nothing behind a position that somebody took and has not committed', async () => {
    const early = await open(1);
    const late = await open(2);
    await late.commit();
    expect(await readAll()).toEqual([]);

    await early.commit();
    expect(await readAll()).toEqual([...early.positions, ...late.positions]);
  });

  it('passes over the positions of a transaction that was rolled back', async () => {
    const lost = await open(2);
    const kept = await open(1);
    await kept.commit();
    expect(await readAll()).toEqual([]);

    await lost.rollback();
    expect(await readAll()).toEqual(kept.positions);
  });

  it('shows what stands before everything that is under way', async () => {
    const first = await open(1);
    await first.commit();
    const second = await open(1);
    const third = await open(1);
    await third.commit();
    expect(await readAll()).toEqual(first.positions);
    await second.commit();
    expect(await readAll(first.positions[0])).toEqual([...second.positions, ...third.positions]);
  });

  it('holds back before a row is written: the lock comes with the position', async () => {
    const client = new pg.Client({ connectionString: url });
    opened.push(client);
    await client.connect();
    await client.query('begin');
    const { sql, parameters } = taking(3);
    const { rows: taken } = await client.query<{ position: string }>(sql, [...parameters]);
    expect(await engine.logHorizon()).toBeLessThan(
      Math.min(...taken.map(({ position }) => Number(position))),
    );
  });

  it('is not held back by the locks of another database on the same server', async () => {
    const other = await openTestStorage();
    const elsewhere = new pg.Client({ connectionString: other.url });
    await elsewhere.connect();
    try {
      await elsewhere.query('begin');
      const { sql, parameters } = taking(1);
      await elsewhere.query(sql, [...parameters]);
      const here = await open(1);
      await here.commit();
      expect(await readAll()).toEqual(here.positions);
    } finally {
      await elsewhere.end();
      await other.remove();
    }
  });

  it('shows a reader that follows it every event once and in order, while nodes commit side by side', async () => {
    await storage.apps.create(appSample());
    const one = storage;
    const two = await openNode(url);
    let writing = true;
    const seen: number[] = [];

    const follow = async () => {
      let after = 0;
      for (let idle = 0; idle < 3;) {
        const { events, through } = await storage.log.read({ after, limit: 7 });
        seen.push(...events.map(({ position }) => position));
        if (through === after && !writing) idle += 1;
        after = through;
        await delay(1);
      }
    };
    const write = async (node: PostgresStorage, from: number) => {
      for (let n = 0; n < 120; n += 1) {
        const unit = sendUnit(1, { msgId: idAt(sampleInstant, from + n), from: `u${n % 5}`, to: `p${from}` });
        await node.commands.commit([unit]);
      }
    };
    const following = follow();
    await Promise.all([write(one, 1), write(two, 1_000), write(one, 2_000), write(two, 3_000)]);
    writing = false;
    await following;
    await two.close();

    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBe(480);
    const counted = await engine.read(() =>
      rows<{ n: number }>({ sql: 'select count(*) as n from events', parameters: [] }),
    );
    expect(seen).toHaveLength(counted[0]?.n ?? 0);
  });
});
