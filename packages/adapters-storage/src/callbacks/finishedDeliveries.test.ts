import path from 'node:path';
import { createFixedClock, createWorld, ruleSample, sampleInstant } from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseFileName, openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from '../testing/folders.js';

let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;
let file: Database.Database;
/** After everything that is written here. */
const later = sampleInstant + 86_400_000;

beforeEach(async () => {
  folder = temporaryFolder();
  storage = await openSqliteStorage({ dataDir: folder.dir, clock: createFixedClock(sampleInstant) });
  file = new Database(path.join(folder.dir, databaseFileName));
  const { app, send } = await createWorld(storage);
  await storage.rules.create(ruleSample(app.no, 'r1'));
  await send();
});

afterEach(async () => {
  file.close();
  await storage.close();
  folder.remove();
});

const count = (table: string) => file.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

/** Deliveries of the one event, each of a rule of its own, in this order. */
function givenDeliveries(stages: readonly ('dead' | 'delivered')[]): void {
  const rule = file.prepare(
    `INSERT INTO callback_rules (rule_id, app_no, name, current_version, created_at, removed)
     VALUES (@id, 1, @id, 1, 0, 0)`,
  );
  const version = file.prepare(
    `INSERT INTO callback_rule_versions (rule_id, version, name, url, dialect, chat_types, enabled)
     VALUES (@id, 1, @id, 'https://backend.example/', 'easemob', '[]', 1)`,
  );
  const delivery = file.prepare(
    `INSERT INTO deliveries (app_no, first_position, rule_id, rule_version, events, stage, attempts, created_at)
     VALUES (1, 1, @id, 1, '[1]', @stage, 1, ${sampleInstant})`,
  );
  const attempt = file.prepare(
    `INSERT INTO delivery_attempts (first_position, rule_id, n, requested_at, took_ms)
     VALUES (1, @id, 1, ${later}, 1)`,
  );
  file.transaction(() => {
    for (const [n, stage] of stages.entries()) {
      const id = `rule ${String(n).padStart(5, '0')}`;
      for (const insertion of [rule, version, attempt]) insertion.run({ id });
      delivery.run({ id, stage });
    }
  })();
}

describe('deliveries that are over', () => {
  it('given more than one look takes, with many that stay in between, then each call finds what is left', async () => {
    const stay = Array<'dead'>(700).fill('dead');
    const go = Array<'delivered'>(600).fill('delivered');
    givenDeliveries([...stay, ...go, ...stay, ...go]);

    expect(await storage.finishedDeliveries.forget(later, 500)).toBe(500);
    expect(await storage.finishedDeliveries.forget(later, 500)).toBe(500);
    expect(await storage.finishedDeliveries.forget(later, 500)).toBe(200);
    expect(await storage.finishedDeliveries.forget(later, 500)).toBe(0);

    expect(count('deliveries')).toBe(1_400);
    expect(count('delivery_attempts')).toBe(2_600);
  });

  it('given a stop, then it ends between two steps, and the next call finds what is left', async () => {
    givenDeliveries([...Array<'dead'>(1_200).fill('dead'), 'delivered']);
    // Three steps for the attempts, one for the first deliveries.
    const goOn = [true, true, true, true, false];
    expect(await storage.finishedDeliveries.forget(later, 500, () => goOn.shift() ?? false)).toBe(0);
    expect(goOn).toEqual([]);

    expect(await storage.finishedDeliveries.forget(later, 500)).toBe(1);
  });

  it('given very many that stay, then one call looks at some of them, and the next ones at the others', async () => {
    const stay = Array<'dead'>(11_000).fill('dead');
    givenDeliveries([...stay, 'delivered', ...stay]);

    const calls: number[] = [];
    for (let n = 0; n < 4; n += 1) calls.push(await storage.finishedDeliveries.forget(later, 500));

    expect(calls).toEqual([0, 1, 0, 0]);
  });

  it('given a call that begins in the middle, then it looks at each row once', async () => {
    givenDeliveries(Array<'dead'>(1_200).fill('dead'));
    let steps = 0;
    const upTo = (max: number) => () => (steps += 1) <= max;
    await storage.finishedDeliveries.forget(later, 500, upTo(5));
    steps = 0;

    await storage.finishedDeliveries.forget(later, 500, upTo(100));

    // Three for the attempts; two to the end, one for apps that are not there, one for the first rows.
    expect(steps).toBe(3 + 4);
  });

  it('given one that is over only after the walk has passed it, then the next round finds it', async () => {
    givenDeliveries(['dead', 'delivered', 'dead', 'delivered']);
    expect(await storage.finishedDeliveries.forget(later, 1)).toBe(1);
    file.prepare(`UPDATE deliveries SET stage = 'delivered' WHERE rule_id = 'rule 00000'`).run();

    expect(await storage.finishedDeliveries.forget(later, 10)).toBe(2);

    expect(count('deliveries')).toBe(1);
  });
});
