import path from 'node:path';
import {
  changeRule,
  createFixedClock,
  createWorld,
  ruleSample,
  sampleInstant,
} from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from './engines/sqlite.js';
import { openSqliteReading } from './engines/sqliteReading.js';
import { migrate, migrations, SchemaTooNew, SchemaTooOld } from './migrations/migrate.js';
import { sqliteSchemaTarget } from './migrations/target.js';
import { openSqliteForReading } from './sqliteReading.js';
import { databaseFileName, openSqliteStorage } from './sqliteStorage.js';
import { temporaryFolder } from './testing/folders.js';

const clock = createFixedClock(sampleInstant);
let folder: ReturnType<typeof temporaryFolder>;
const file = () => path.join(folder.dir, databaseFileName);

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

const fault = async () =>
  openSqliteForReading({ dataDir: folder.dir }).then(
    () => undefined,
    (refusal: unknown) => refusal,
  );

describe('a storage that is only looked at', () => {
  it('sees what an open one writes, also rules and apps that change meanwhile', async () => {
    const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    const { app, send, recall } = await createWorld(storage);
    await storage.rules.create(ruleSample(app.no, 'r1'));
    const view = await openSqliteForReading({ dataDir: folder.dir });
    expect(await view.apps.find(app.org, app.name)).toEqual(app);
    expect((await view.deliveryReader.page({ app: app.no, limit: 10 })).entities).toEqual([]);

    await recall(await send());
    await changeRule(storage.rules, app.no, 'r1', { url: 'https://corrected.example/' }, clock.now());
    const changed = await storage.apps.changeCredentials(app.no, { clientId: 'another' });
    await storage.checkpoints.write('events', 2);
    await storage.secrets.putIfAbsent('key', 'sealed');

    const [seen] = (await view.deliveryReader.page({ app: app.no, limit: 10 })).entities;
    const [own] = (await storage.deliveryReader.page({ app: app.no, limit: 10 })).entities;
    expect(seen).toEqual(own);
    expect(seen).toMatchObject({ rule: { url: 'https://corrected.example/' }, app: changed });
    expect(await view.rules.list(app.no)).toEqual(await storage.rules.list(app.no));
    expect((await view.log.read({ after: 0, limit: 10 })).events).toHaveLength(2);
    expect(await view.checkpoints.read('events')).toBe(2);
    expect(await view.secrets.get('key')).toBe('sealed');
    await view.close();
    await expect(storage.health()).resolves.toBeUndefined();
    await storage.close();
  });

  it('sees what is there while no server runs, and leaves the folder to the next one', async () => {
    const before = await openSqliteStorage({ dataDir: folder.dir, clock });
    const { app } = await createWorld(before);
    await before.close();

    const view = await openSqliteForReading({ dataDir: folder.dir });
    expect(await view.apps.all()).toEqual([app]);
    const after = await openSqliteStorage({ dataDir: folder.dir, clock });
    expect(await view.apps.all()).toEqual([app]);
    await view.close();
    await after.close();
  });

  it('cannot write', async () => {
    await (await openSqliteStorage({ dataDir: folder.dir, clock })).close();
    const engine = openSqliteReading(file());
    expect(() => engine.run(engine.db.deleteFrom('migrations'))).toThrow('readonly');
    await engine.close();
  });

  it('is refused with one sentence when the schema is another, and changes nothing', async () => {
    const engine = openSqlite(file());
    await migrate(sqliteSchemaTarget(engine), clock, undefined, migrations.slice(0, -1));
    await engine.close();
    const newest = migrations.at(-1)?.version ?? 0;

    const older = await fault();
    expect(older).toBeInstanceOf(SchemaTooOld);
    expect(String(older)).toContain(`schema version ${newest - 1}`);
    const database = new Database(file());
    database.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(newest + 1, 'of a later release', 1);
    expect(await fault()).toBeInstanceOf(SchemaTooNew);
    expect(database.prepare('SELECT count(*) FROM migrations').pluck().get()).toBe(newest);
    database.close();
  });

  it('is refused on a database that no server has opened yet, and where there is none', async () => {
    expect(String(await fault())).toContain('unable to open database file');
    new Database(file()).close();
    expect(await fault()).toBeInstanceOf(SchemaTooOld);
  });
});
