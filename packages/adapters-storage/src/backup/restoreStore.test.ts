import { createFixedClock, ruleSample, sampleInstant, appSample, textContent } from '@recalld/domain/testing';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { loopOn, recalling, sending } from '../testing/commands.js';
import { temporaryFolder } from '../testing/folders.js';
import { filesWith } from '../testing/search.js';
import { backUp } from './backUp.js';
import { generousPosition } from './carryOn.js';
import { openSqlitePredecessor } from './predecessor.js';
import { restoreStore } from './restoreStore.js';

const clock = createFixedClock(sampleInstant + 120_000);
const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;
const at = (...names: readonly string[]) => path.join(folder.dir, ...names);
const places = { dataDir: '', databasePath: '' };

beforeEach(async () => {
  folder = temporaryFolder();
  Object.assign(places, { dataDir: at('data'), databasePath: at('data', 'recalld.sqlite') });
  mkdirSync(at('data', 'attachments'), { recursive: true });
  storage = await openSqliteStorage({ dataDir: at('data'), clock });
  await storage.apps.create(appSample());
});

afterEach(async () => {
  await storage.close();
  folder.remove();
});

const copy = () => backUp({ ...places, target: at('backup'), keyFile: null, clock });

/** Ends the store, and puts the backup in its place; the store tells what came after. */
async function restoreIt(): Promise<{ readonly ended: number }> {
  await storage.close();
  const predecessor = await openSqlitePredecessor(places.databasePath);
  const restoring = await restoreStore({ ...places, folder: at('backup'), clock, log });
  expect(restoring.end && (await predecessor.refusal(restoring.end))).toBeUndefined();
  const ended = await restoring.carryOn({ position: await predecessor.lastPosition(), predecessor });
  await predecessor.close();
  await restoring.commit(null);
  await restoring.close();
  storage = await openSqliteStorage({ dataDir: at('data'), clock });
  return { ended };
}

describe('a backup', () => {
  it('given bodies of many sizes, then no erasure leaves a second copy of one in it', async () => {
    const loop = loopOn(storage.commands);
    const canary = 'second-copy-canary';
    const messages = Array.from({ length: 400 }, (_, n) =>
      sending(n, textContent(`${canary} ${'x'.repeat((n * 97) % 3_000)}`)),
    );
    for (const message of messages) await loop.submit([message]);
    await copy();
    expect(filesWith(at('backup'), canary)).not.toEqual([]);

    const copied = await openSqliteStorage({ dataDir: at('backup'), clock });
    const again = loopOn(copied.commands);
    await Promise.all(messages.map((_, n) => again.submit([recalling(n)])));
    await copied.erasuresDone();
    await copied.close();

    expect(filesWith(at('backup'), canary)).toEqual([]);
  });

  it('given a draft that a cut off one has left, then nothing of it is in the next', async () => {
    mkdirSync(at('backup.part'));
    writeFileSync(at('backup.part', 'recalld.sqlite'), 'half');
    writeFileSync(at('backup.part', 'stray'), 'half');
    expect(await copy()).toMatchObject({ format: 1, position: 0, messages: 0 });
    expect([existsSync(at('backup', 'stray')), existsSync(at('backup.part'))]).toEqual([false, false]);
  });
});

describe('a restored store', () => {
  it('given its predecessor, then positions, places in timelines and MsgSeq go on behind those that it gave out', async () => {
    const loop = loopOn(storage.commands);
    await loop.submit([sending(1)]);
    await copy();
    for (const n of [2, 3]) await loop.submit([sending(n)]);
    const last = storage.ids.next();

    await restoreIt();

    const [outcome] = await loopOn(storage.commands).submit([sending(4)]);
    expect(outcome).toMatchObject({
      ok: true,
      events: [{ position: 4, timelinePosition: 4, messageSeq: 4 }],
    });
    expect(BigInt(storage.ids.next())).toBeGreaterThan(BigInt(last));
  });

  it('given an ordered rule, then what is over in its predecessor is over, and what stood behind may go', async () => {
    const rule = ruleSample(1, 'r', { ordered: true });
    await storage.rules.create(rule);
    const loop = loopOn(storage.commands);
    for (const n of [1, 2]) {
      await loop.submit([sending(n)]);
      await loop.submit([recalling(n)]);
    }
    await copy();
    const now = clock.now();
    const [first] = await storage.deliveries.claim({
      rules: [{ ruleId: 'r', max: 1 }],
      owner: 'worker',
      now,
      leaseMs: 1_000,
    });
    const state = { status: 'delivered', attempts: 1 } as const;
    await storage.deliveries.settle([{ id: first?.id ?? '', owner: 'worker', state }], now);

    expect(await restoreIt()).toEqual({ ended: 1 });

    const page = await storage.deliveryReader.page({ app: 1, limit: 10 });
    expect(page.entities.map((delivery) => delivery.state.status)).toEqual(['waiting', 'delivered']);
  });

  it('given nobody who knows, then positions go on behind any that can have been given out', () => {
    const day = 86_400_000;
    expect(generousPosition(5, 0, 0)).toBeGreaterThan(5);
    // A hundred events in each ms.
    expect(generousPosition(5, 0, day)).toBeGreaterThan(100 * day);
    expect(generousPosition(2 ** 40, 0, 3_650 * day)).toBeLessThan(2 ** 48);
  });

  it('given a store that is another one, then it is refused as the predecessor', async () => {
    await loopOn(storage.commands).submit([sending(1)]);
    await copy();
    const other = await openSqliteStorage({ dataDir: at('other'), clock });
    await other.apps.create(appSample());
    const otherLoop = loopOn(other.commands);
    const refusalOf = async () => {
      const predecessor = await openSqlitePredecessor(at('other', 'recalld.sqlite'));
      const refusal = await predecessor.refusal({ position: 1, commandId: 'command 0', at: 0 });
      await predecessor.close();
      return refusal;
    };
    expect(await refusalOf()).toBe('its log ends before the copy does');
    await otherLoop.submit([sending(2)]);
    expect(await refusalOf()).toBe('it is not the store that the copy was made of');
    await other.close();
  });

  it('given a manifest that is not whole, of another format, or of a newer schema, then nothing is touched', async () => {
    await copy();
    await storage.close();
    const file = at('backup', 'manifest.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
    const wrong = [
      '{',
      '[]',
      JSON.stringify({ ...manifest, format: 2 }),
      JSON.stringify({ ...manifest, bytes: 'x' }),
    ];
    const newer = JSON.stringify({ ...manifest, schema_version: 1_000 });
    for (const text of [...wrong, newer]) {
      rmSync(file);
      writeFileSync(file, text);
      const refusal = restoreStore({ ...places, folder: at('backup'), clock, log });
      await expect(refusal).rejects.toThrow(text === newer ? 'schema version 1000' : 'is not what a backup');
    }
    expect(existsSync(at('data', 'restoring'))).toBe(false);
    storage = await openSqliteStorage({ dataDir: at('data'), clock });
  });
});
