import { appSample, sampleInstant } from '@recalld/domain/testing';
import { assert } from '@recalld/domain';
import type { AppNo } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import type { Storage } from '../storage.js';
import { temporaryFolder } from '../testing/folders.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';

// Nobody ends the sessions of a process that was killed: they are gone with its name.

const clock = { now: () => sampleInstant };

async function createApp({ apps }: Storage): Promise<AppNo> {
  const created = await apps.create(appSample());
  assert(typeof created === 'object', 'the storage is empty');
  return created.no;
}

const begin = ({ devices, node }: Storage, app: AppNo, session: string) =>
  devices.begin({ app, user: 'u1', device: 'web' }, { session, node, platform: 'web', now: sampleInstant });

const sessionsIn = async ({ devices }: Storage, app: AppNo) =>
  (await devices.list(app, 'u1')).map(({ session }) => session);

describe('a session on SQLite', () => {
  it('is gone with the process that had it, whether that ended it or not', async () => {
    const folder = temporaryFolder();
    const open = () => openSqliteStorage({ dataDir: folder.dir, clock });
    const before = await open();
    const app = await createApp(before);
    await begin(before, app, 's1');
    expect(await sessionsIn(before, app)).toEqual(['s1']);
    await before.close();

    const after = await open();

    expect(await sessionsIn(after, app)).toEqual([null]);
    expect((await begin(after, app, 's2')).former).toBeNull();
    expect(await sessionsIn(after, app)).toEqual(['s2']);
    await after.close();
    folder.remove();
  });
});

describe.skipIf(!postgresAvailable)('a session on PostgreSQL', () => {
  let one: Awaited<ReturnType<typeof openTestStorage>>;
  beforeEach(async () => {
    one = await openTestStorage();
  });
  afterEach(() => one.remove());

  it('on another node is there as long as that node, and no longer', async () => {
    const { storage, url } = one;
    const app = await createApp(storage);
    const other = await openNode(url);
    await begin(other, app, 's1');
    expect(await sessionsIn(storage, app)).toEqual(['s1']);
    const { former } = await begin(storage, app, 's2');
    expect(former).toEqual({ session: 's1', node: other.node });
    await begin(other, app, 's3');

    await other.close();

    expect(await sessionsIn(storage, app)).toEqual([null]);
    expect((await begin(storage, app, 's4')).former).toBeNull();
  });
});
