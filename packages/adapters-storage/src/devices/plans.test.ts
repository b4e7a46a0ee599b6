import path from 'node:path';
import type { AppNo, DeviceQueues, Devices } from '@recalld/domain';
import { sampleInstant } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../engines/database.js';
import { openPostgres } from '../engines/postgres.js';
import { openSqlite } from '../engines/sqlite.js';
import { sqliteDatabase } from '../engines/sqliteDatabase.js';
import { onlyThis, whoeverHoldsALease } from '../nodes/sessionNodes.js';
import { databaseFileName } from '../sqliteStorage.js';
import { bind, bindLists } from '../statements.js';
import { isEach } from '../steps.js';
import type { Answer, Each, Request, Steps } from '../steps.js';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';
import { startTraffic } from '../testing/traffic.js';
import { createDevices } from './devices.js';
import { createDeviceQueues } from './queues.js';

// What a device or a listener asks for is found by indexes, however many timelines and events there are.

/** A database that notes which prepared statements it was asked for. */
function noting(database: Database, noted: Map<string, Each>): Database {
  function* notes<T>(steps: Steps<T>): Steps<T> {
    const nothing: Answer = { rows: [], changes: 0 };
    let step = steps.next(nothing);
    while (step.done !== true) {
      const asked: readonly Request[] = [step.value].flat();
      for (const request of asked) if (isEach(request)) noted.set(request.statement.sql, request);
      step = steps.next(yield step.value);
    }
    return step.value;
  }
  return {
    ...database,
    read: (work) => database.read(() => notes(work())),
    writeRelaxed: (work) => database.writeRelaxed(() => notes(work())),
  };
}

async function askAll(queues: DeviceQueues, devices: Devices, app: AppNo): Promise<void> {
  const key = { app, user: 'u1', device: 'web' };
  const base = { connectedAt: 0, limit: 10, now: sampleInstant };
  const timeline = 'pair/u1/u2';
  await devices.begin(key, { session: 's', node: 'n', platform: 'web', now: sampleInstant });
  await queues.pending(key, 10);
  const { next } = await queues.page({ key, timeline, ...base });
  await devices.confirm([{ ...key, timeline, through: next }]);
  await queues.since({ app, user: 'u1', after: 0, ...base });
  // So far back that the ends of the user's timelines are looked at.
  await queues.since({ app, user: 'u1', after: -1_000_000, ...base });
}

let store: TestStore;
let close: () => Promise<void>;
afterEach(async () => {
  await close();
  await store.close();
});

describe('on SQLite, everything a device asks for', () => {
  beforeEach(async () => {
    store = await sqliteStore();
  });

  it('is found by an index, and no timeline is looked at that is not the user’s', async () => {
    const { app, go } = await startTraffic(store.nodes);
    await go(40);
    const engine = openSqlite(path.join(store.place, databaseFileName));
    close = () => engine.close();
    const nextTurn = () => Promise.resolve();
    const database = sqliteDatabase({ engine, nextTurn, onCommit: () => undefined });
    const noted = new Map<string, Each>();
    const watched = noting(database, noted);
    await askAll(createDeviceQueues(watched), createDevices(watched, onlyThis('n')), app);

    const plans = [...noted.values()].flatMap(({ statement, parameters: [row = {}] }) =>
      engine.run<{ detail: string }>({
        sql: `explain query plan ${statement.sql}`,
        parameters: bind(statement, row as never),
      }),
    );
    const steps = plans.map(({ detail }) => detail);
    expect(steps.filter((step) => /^SEARCH [timecd] USING/.test(step)).length).toBeGreaterThan(10);
    expect(steps.filter((step) => /^SCAN [timecd]\b/.test(step))).toEqual([]);
    expect(steps.filter((step) => step.endsWith('(app_no=?)'))).toEqual([]);
  });
});

describe.skipIf(!postgresAvailable)('on PostgreSQL, everything a device asks for', () => {
  beforeEach(async () => {
    store = await postgresStore();
  });

  it('is found by an index', async () => {
    const { app, go } = await startTraffic(store.nodes);
    await go(40);
    const engine = openPostgres({ url: store.place, log: undefined });
    close = () => engine.close();
    const noted = new Map<string, Each>();
    const watched = noting(engine, noted);
    await askAll(createDeviceQueues(watched), createDevices(watched, whoeverHoldsALease('n')), app);

    const lines: string[] = [];
    for (const { statement, parameters } of noted.values()) {
      const values = bindLists(statement, parameters as never[]);
      const text = statement.sql.replace(/\$(\d+)/g, (_, n: string) => literal(values[Number(n) - 1]));
      const plan = await engine.run(`explain ${text}`);
      lines.push(...plan.map((row) => String(row['QUERY PLAN'])));
    }
    expect(lines.filter((line) => line.includes('Index')).length).toBeGreaterThan(10);
    expect(lines.filter((line) => line.includes('Seq Scan on'))).toEqual([]);
  });
});

function literal(value: unknown): string {
  return Array.isArray(value) ? `'{${value.join()}}'` : `'${String(value)}'`;
}
