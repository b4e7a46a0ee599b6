import path from 'node:path';
import type { Log } from '@recalld/domain';
import { attemptSample, createWorld, ruleSample } from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteReads } from '../engines/sqlite.js';
import type { Schema } from '../schema.js';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import type { Template } from '../statements.js';
import { temporaryFolder } from '../testing/folders.js';
import { createAskFirst } from './deliveryOrder.js';
import { createDueQueries, createInHand, createLeaseQueries, openRules } from './deliveryQueries.js';

let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;
let file: Database.Database;
const errors: string[] = [];
const nothing = () => undefined;
const log: Log = { debug: nothing, info: nothing, warn: nothing, error: (_, text) => errors.push(text) };

const open = () => openSqliteStorage({ dataDir: folder.dir, clock: { now: () => Date.now() }, log });

beforeEach(async () => {
  folder = temporaryFolder();
  errors.length = 0;
  storage = await open();
  file = new Database(path.join(folder.dir, databaseFileName));
});

afterEach(async () => {
  file.close();
  await storage.close();
  folder.remove();
});

/** Recalls of one rule, planned one after the other. */
async function givenDeliveries(count: number, change: Parameters<typeof ruleSample>[2] = {}): Promise<World> {
  const world = await createWorld(storage);
  await storage.rules.create(ruleSample(world.app.no, 'r1', change));
  for (let n = 0; n < count; n += 1) await world.recall(await world.send());
  return world;
}

const claim = (owner: string, now: number, leaseMs = 1_000) =>
  storage.deliveries.claim({ rules: [{ ruleId: 'r1', max: 10 }], owner, now, leaseMs });

/** Makes the delivery that is due first tell of an event that is not there. */
function breakTheFirst(): number {
  const [broken] = file.prepare('SELECT first_position FROM deliveries ORDER BY 1').pluck().all();
  file.prepare(`UPDATE deliveries SET events = '[999999]' WHERE first_position = ?`).run(broken);
  return Number(broken);
}

describe('the delivery queue', () => {
  it('given a row that cannot be read, then it is dead and holds up no other', async () => {
    await givenDeliveries(2);
    const broken = breakTheFirst();

    expect(await claim('a', Date.now())).toHaveLength(1);

    const stage = file.prepare('SELECT stage FROM deliveries WHERE first_position = ?').pluck();
    expect(stage.get(broken)).toBe('dead');
    expect(errors).toEqual(['a delivery cannot be read; it is dead']);
  });

  it('given such a row in an ordered rule, then the next one of its conversation goes', async () => {
    await givenDeliveries(2, { ordered: true });
    file.prepare(`UPDATE deliveries SET order_key = 'conversation'`).run();
    file.prepare(`UPDATE deliveries SET stage = 'behind', due_at = NULL WHERE first_position = 4`).run();
    await storage.close();
    storage = await open();
    breakTheFirst();

    expect(await claim('a', Date.now())).toEqual([]);

    expect((await claim('a', Date.now())).map(({ id }) => id)).toEqual(['r1:4']);
  });

  it('given such a row, then lists leave it out and it is not found', async () => {
    const { app } = await givenDeliveries(2);
    const id = `r1:${breakTheFirst()}`;

    const { entities } = await storage.deliveryReader.page({ app: app.no, limit: 10 });

    expect(entities).toHaveLength(1);
    expect(await storage.deliveryReader.find(app.no, id)).toBeUndefined();
    expect(errors).toHaveLength(2);
  });

  it('given a page of nothing else, then the list goes on behind it', async () => {
    const { app } = await givenDeliveries(3);
    file.prepare(`UPDATE deliveries SET events = '[999999]' WHERE first_position > 2`).run();

    const page = await storage.deliveryReader.page({ app: app.no, limit: 2 });

    expect(page.entities).toEqual([]);
    const from = page.cursor ?? '';
    expect((await storage.deliveryReader.page({ app: app.no, limit: 2, from })).entities).toHaveLength(1);
  });

  it.each([
    ['events', `'[1,'`],
    ['events', `'{}'`],
    ['events', `'[999999]'`],
    ['rule_version', '7'],
  ])('given a row whose %s is %s, then it cannot be read', async (column, value) => {
    await givenDeliveries(2);
    file.prepare(`UPDATE deliveries SET ${column} = ${value} WHERE first_position = 2`).run();

    expect((await claim('a', Date.now())).map(({ id }) => id)).toEqual(['r1:4']);

    expect(errors).toEqual(['a delivery cannot be read; it is dead']);
  });

  it('given an event that is damaged, then its delivery cannot be read', async () => {
    await givenDeliveries(2);
    file.prepare(`UPDATE events SET data = '{' WHERE position = 2`).run();

    expect((await claim('a', Date.now())).map(({ id }) => id)).toEqual(['r1:4']);
  });

  it('given a storage that fails, then that is told, and what is read again later is as it was', async () => {
    const { app } = await givenDeliveries(2);
    const fails = { code: 'SQLITE_ERROR' };
    file.exec('ALTER TABLE events RENAME TO away');

    const page = { app: app.no, limit: 10 };
    await expect(claim('a', Date.now())).rejects.toMatchObject(fails);
    await expect(storage.deliveryReader.page(page)).rejects.toMatchObject(fails);
    await expect(storage.deliveryReader.find(app.no, 'r1:2')).rejects.toMatchObject(fails);
    await expect(storage.deliveryReader.startingAt(app.no, 2)).rejects.toMatchObject(fails);

    file.exec('ALTER TABLE away RENAME TO events');
    expect((await storage.deliveryReader.page(page)).entities).toHaveLength(2);
    expect(await claim('a', Date.now())).toHaveLength(2);
    expect(errors).toEqual([]);
  });

  it('given a process that ended with the probe of a suspended rule, then the next one may probe', async () => {
    const { app, clock } = await givenDeliveries(2);
    const suspend = file.prepare(
      `UPDATE callback_rules SET health = 'suspended', failing_since = 1, probes = ?, probe_at = ?`,
    );
    suspend.run(3, clock.now());
    await storage.close();
    storage = await open();
    const held = await claim('a', Date.now());
    expect(held).toHaveLength(1);
    const probed = await storage.ruleHealths.ofApp(app.no);
    expect(probed.get('r1')).toMatchObject({ probes: 4 });
    await storage.close();

    const opened = Date.now();
    storage = await open();

    const health = (await storage.ruleHealths.ofApp(app.no)).get('r1');
    expect(health).toMatchObject({ status: 'suspended', since: 1, probes: 3 });
    const { probeAt } = health?.status === 'suspended' ? health : { probeAt: 0 };
    expect(probeAt).toBeGreaterThanOrEqual(opened);
    expect(await claim('b', probeAt)).toHaveLength(1);
  });

  it('given one that ended without the probe in hand, then the next one waits for it too', async () => {
    const { app } = await givenDeliveries(2);
    const probeAt = Date.now() + 1e6;
    file
      .prepare(`UPDATE callback_rules SET health = 'suspended', failing_since = 1, probes = 2, probe_at = ?`)
      .run(probeAt);
    await storage.close();

    storage = await open();

    const suspended = { status: 'suspended', since: 1, probes: 2, probeAt };
    expect(await storage.ruleHealths.ofApp(app.no)).toEqual(new Map([['r1', suspended]]));
  });

  it('given a process that ended with deliveries in hand, then the next one has them due at once', async () => {
    await givenDeliveries(2);
    const now = Date.now();
    const held = await claim('a', now * 2, 3_600_000);
    expect(held).toHaveLength(2);
    await storage.close();

    storage = await open();

    const due = await claim('b', Date.now());
    expect(due.map(({ id }) => id).sort()).toEqual(held.map(({ id }) => id).sort());
  });

  it('remembers health, order and jobs over a restart', async () => {
    const { app } = await givenDeliveries(2);
    const now = Date.now();
    const [held] = await claim('a', now);
    const state = { status: 'waiting', attempts: 1, dueAt: now + 1_000 } as const;
    await storage.deliveries.settle(
      [{ id: held?.id ?? '', owner: 'a', state, attempt: attemptSample({ status: 500 }) }],
      now,
    );
    const selection = { kind: 'named', ids: [held?.id ?? ''] } as const;
    await storage.redeliveries.start({ id: 'j1', app: app.no, selection, createdAt: now });
    await storage.close();

    storage = await open();

    expect(await storage.ruleHealths.ofApp(app.no)).toEqual(
      new Map([['r1', { status: 'failing', since: now }]]),
    );
    expect(await storage.redeliveries.step(now, 10)).toEqual({ more: false, queued: true });
  });
});

describe('what a worker asks for', () => {
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (each) => new SqliteIntrospector(each),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  const reads = sqliteReads(
    db,
    () => ({ rows: [], changes: 0 }),
    (work) => work(),
  );
  const { settle, extend, lease, orderOf } = createLeaseQueries(reads);
  const due = createDueQueries(reads);
  const { statement: first } = createAskFirst(reads)([]);
  const plan = ({ sql, slots }: Template<never, unknown>): readonly string[] =>
    file
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(slots.map(() => 1))
      .map(({ detail }) => detail)
      .filter((detail) => /\b(SCAN|SEARCH|B-TREE)\b/.test(detail));

  it.each([
    ['the open rules', openRules(db), 'deliveries_open (rule_id>?)'],
    ['what is due of one rule', due.oldest, 'deliveries_open (rule_id=? AND due_at<?)'],
    ['what a suspended rule is probed with', due.newest, 'deliveries_open (rule_id=? AND due_at<?)'],
    [
      'what is leased of one rule',
      createInHand(reads),
      'deliveries_open (rule_id=? AND due_at>? AND due_at<?)',
    ],
    ['who is behind', first, 'deliveries_order (rule_id=? AND order_key=?)'],
    ['a lease', lease, 'PRIMARY KEY (app_no=? AND first_position=? AND rule_id=?)'],
    ['a longer lease', extend, 'PRIMARY KEY (app_no=? AND first_position=? AND rule_id=?)'],
    ['an outcome', settle, 'PRIMARY KEY (app_no=? AND first_position=? AND rule_id=?)'],
    ['a conversation', orderOf, 'PRIMARY KEY (app_no=? AND first_position=? AND rule_id=?)'],
    ['the attempts of an outcome', settle, 'PRIMARY KEY (first_position=? AND rule_id=?)'],
  ] as const)('%s is found by an index, however much waits', (_, query, index) => {
    const steps = plan(query);
    expect(steps.filter((step) => step.includes(index))).toHaveLength(1);
    const scans = steps.filter((step) => step.startsWith('SCAN') && !step.startsWith('SCAN open'));
    expect([...scans, ...steps.filter((step) => step.includes('B-TREE'))]).toEqual([]);
  });
});
