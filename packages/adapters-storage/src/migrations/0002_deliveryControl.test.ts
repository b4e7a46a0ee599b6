import path from 'node:path';
import type { Log } from '@recalld/domain';
import {
  attemptSample,
  changeRule,
  createFixedClock,
  recallUnit,
  recalledEvent,
  ruleSample,
  sampleInstant,
} from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../engines/sqlite.js';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from '../testing/folders.js';
import { migrate, migrations } from './migrate.js';
import { sqliteSchemaTarget } from './target.js';

// What release 1 wrote: an app, a rule that was changed once and one that was removed, and deliveries
// in every stage that there was.

const now = sampleInstant;
const clock = createFixedClock(now);
const faults: object[] = [];
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => faults.push(fields) };
let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;

function recallData(position: number): string {
  return JSON.stringify(recalledEvent({ msgId: String(position), recallId: `9${position}` }).data);
}

/** Stages by position of the event: position 1 is delivered, 2 dead, 3 waiting, 4 leased, 5 of the removed rule. */
function writeRelease1(file: Database.Database): void {
  file
    .prepare(
      `INSERT INTO apps (app_no, org, name, uuid, client_id, sealed_client_secret, sealed_token_key, token_epoch, created_at)
       VALUES (1, 'demo-org', 'demo-app', 'uuid', 'client', 'sealed client', 'sealed token', 1, ?)`,
    )
    .run(now);
  const rule = file.prepare('INSERT INTO callback_rules VALUES (?, 1, ?, ?, ?, ?)');
  rule.run('r1', 'main', 2, now, 0);
  rule.run('gone', 'old', 1, now, 1);
  const version = file.prepare(
    `INSERT INTO callback_rule_versions VALUES (?, ?, ?, ?, 'easemob', '["chat"]', 1, 'sealed secret')`,
  );
  version.run('r1', 1, 'main', 'https://first.example/');
  version.run('r1', 2, 'main', 'https://second.example/');
  version.run('gone', 1, 'old', 'https://old.example/');
  const event = file.prepare(
    `INSERT INTO events (position, stream_day, app_no, stream, version, type, data, actor, command_id, occurred_at,
       timeline, timeline_position)
     VALUES (@position, 0, 1, 'message/' || @position, 1, 'MessageRecalled', @data, 'u1', 'c' || @position, @at,
       'pair/u1/u2', @position)`,
  );
  for (let position = 1; position <= 5; position += 1) {
    event.run({ position, data: recallData(position), at: now - 60_000 });
  }
  const delivery = file.prepare(
    `INSERT INTO deliveries (app_no, first_position, rule_id, rule_version, events, order_key, stage, attempts,
       due_at, lease_owner, created_at)
     VALUES (1, @at, @rule, 1, '[' || @at || ']', 'pair/u1/u2', @stage, @attempts, @due, @owner, @created)`,
  );
  const open = { rule: 'r1', stage: 'pending', owner: null, created: now - 60_000 };
  const over = { ...open, due: null };
  delivery.run({ ...over, at: 1, stage: 'delivered', attempts: 2 });
  delivery.run({ ...over, at: 2, stage: 'dead', attempts: 13 });
  delivery.run({ ...open, at: 3, attempts: 1, due: now + 5_000 });
  delivery.run({ ...open, at: 4, attempts: 0, due: now + 20_000, owner: 'a killed worker' });
  delivery.run({ ...over, at: 5, rule: 'gone', stage: 'dead', attempts: 1 });
  const attempt = file.prepare(`INSERT INTO delivery_attempts VALUES (?, 'r1', ?, ?, 1.5, ?, ?, ?)`);
  attempt.run(1, 1, now - 60_000, null, 'timeout', null);
  attempt.run(1, 2, now - 50_000, 200, null, 'ok');
  attempt.run(3, 1, now - 60_000, 503, null, 'busy');
}

beforeEach(async () => {
  folder = temporaryFolder();
  const file = path.join(folder.dir, databaseFileName);
  const engine = openSqlite(file);
  await migrate(sqliteSchemaTarget(engine), clock, undefined, migrations.slice(0, 1));
  await engine.close();
  const release1 = new Database(file);
  writeRelease1(release1);
  release1.close();
  faults.length = 0;
  storage = await openSqliteStorage({ dataDir: folder.dir, clock, log });
});

afterEach(async () => {
  await storage.close();
  folder.remove();
});

describe('a database of release 1', () => {
  it('shows its rules as they were, with nothing of what is new', async () => {
    const sample = ruleSample(1, 'r1', { name: 'main', url: 'https://second.example/', chatTypes: ['chat'] });
    expect(await storage.rules.list(1)).toEqual([{ ...sample, version: 2, createdAt: now }]);
    expect(await storage.ruleHealths.ofApp(1)).toEqual(new Map([['r1', { status: 'healthy' }]]));
    expect(await storage.ruleHealths.untold(10)).toEqual([]);
  });

  it('has kept the secret of a rule as it is now, and no other', async () => {
    const seen: string[] = [];
    await storage.sealedSecrets.replace((sealed) => {
      seen.push(sealed);
      return undefined;
    });
    expect(seen.toSorted()).toEqual(['sealed client', 'sealed secret', 'sealed token']);
  });

  it('shows its deliveries in every stage, and its attempts without the requests that were not kept', async () => {
    const { entities } = await storage.deliveryReader.page({ app: 1, limit: 10 });
    expect(entities.map(({ id, state }) => [id, state])).toEqual([
      ['gone:5', { status: 'dead', attempts: 1 }],
      ['r1:4', { status: 'waiting', attempts: 0, dueAt: now }],
      ['r1:3', { status: 'waiting', attempts: 1, dueAt: now + 5_000 }],
      ['r1:2', { status: 'dead', attempts: 13 }],
      ['r1:1', { status: 'delivered', attempts: 2 }],
    ]);
    expect(faults).toEqual([]);
    expect(await storage.deliveryReader.find(1, 'r1:1')).toMatchObject({
      delivery: { lastStatus: 200, events: [{ position: 1, type: 'MessageRecalled' }] },
      attempts: [
        { requestedAt: now - 60_000, request: null, status: null, error: 'timeout', answerHead: null },
        { requestedAt: now - 50_000, request: null, status: 200, error: null, answerHead: 'ok' },
      ],
    });
  });

  it('delivers what was open, to where its rule points now', async () => {
    expect(await storage.deliveries.due()).toEqual([{ ruleId: 'r1', dueAt: now }]);
    const query = { rules: [{ ruleId: 'r1', max: 10 }], owner: 'b', now: now + 5_000, leaseMs: 20_000 };
    const claimed = await storage.deliveries.claim(query);
    expect(claimed.map(({ id, rule }) => [id, rule.url])).toEqual([
      ['r1:4', 'https://second.example/'],
      ['r1:3', 'https://second.example/'],
    ]);
    const accepted = claimed.map(({ id, state }) => ({
      id,
      owner: 'b',
      state: { status: 'delivered', attempts: state.attempts + 1 } as const,
      attempt: attemptSample(),
    }));
    await storage.deliveries.settle(accepted, now + 5_000);

    expect(await storage.deliveries.due()).toEqual([]);
    const found = await storage.deliveryReader.find(1, 'r1:3');
    expect(found?.delivery.state).toEqual({ status: 'delivered', attempts: 2 });
    expect(found?.attempts.map(({ status }) => status)).toEqual([503, 200]);
  });

  it('sends its dead ones again, unless their rule is gone', async () => {
    expect(await storage.redeliveries.one(1, 'r1:2', now)).toBe('queued');
    expect(await storage.redeliveries.one(1, 'gone:5', now)).toBe('unknown');
  });

  it('holds nothing new back behind a delivery that was planned without an order', async () => {
    await changeRule(storage.rules, 1, 'r1', { ordered: true }, now);
    const plan = { rule: { id: 'r1', version: 3 }, events: [0], orderKey: 'pair/u1/u2' };
    const recall = { msgId: '77', recallId: '977', held: false };
    await storage.commands.commit([recallUnit(1, recall, { expected: 0, erase: [], deliveries: [plan] })]);

    const [planned] = (await storage.deliveryReader.page({ app: 1, limit: 1 })).entities;
    expect(planned?.state.status).toBe('waiting');
  });
});
