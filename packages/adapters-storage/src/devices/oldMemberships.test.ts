import { groupTimeline } from '@recalld/domain';
import {
  appSample,
  createFixedClock,
  createSequentialIds,
  groupSample,
  sampleInstant,
  sendSample,
} from '@recalld/domain/testing';
import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import { loopOn } from '../testing/commands.js';
import { temporaryFolder } from '../testing/folders.js';

// Memberships of releases that did not count how many messages came before them.

const group = { kind: 'groupchat', id: 'g1' } as const;
const key = { app: 1, user: 'u2', device: 'web' };
const clock = createFixedClock(sampleInstant);
const ids = createSequentialIds(clock);
let folder = temporaryFolder();

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

describe('a membership that began before messages were counted', () => {
  it('shows what came since, once, however many came before', async () => {
    const { expected, timeline } = await groupWithLateMember();
    const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
    const base = { timeline, connectedAt: 0, now: sampleInstant };

    expect(await storage.queues.pending(key, 10)).toMatchObject([{ timeline, count: 40 }]);
    const arrived: string[] = [];
    for (let pages = 0; pages < 100; pages += 1) {
      const { items, next, more } = await storage.queues.page({ key, limit: 7, ...base });
      arrived.push(...items.map(({ itemId }) => itemId));
      await storage.devices.confirm([{ ...key, timeline, through: next }]);
      if (!more) break;
    }

    expect(arrived).toEqual(expected);
    expect(await storage.queues.pending(key, 10)).toEqual([]);
    const query = { app: 1, user: 'u2', after: 0, connectedAt: 0, limit: 1_000, now: sampleInstant };
    expect((await storage.queues.since(query)).items.map(({ itemId }) => itemId)).toEqual(expected);
    await storage.close();
  });
});

/** 1,500 messages, then u2 joins, then 40 more; and u2’s row as an older release wrote it. */
async function groupWithLateMember() {
  const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
  await storage.apps.create(appSample());
  await storage.chats.create(groupSample(1, group.id), []);
  const loop = loopOn(storage.commands);
  const send = async (count: number) => {
    const toGroup = { chatKind: 'groupchat', to: group.id, from: 'owner' } as const;
    const commands = Array.from({ length: count }, () => sendSample({ msgId: ids.next(), ...toGroup }));
    await Promise.all(commands.map((command) => loop.submit([command])));
    return commands.map(({ msgId }) => msgId);
  };
  await send(1_500);
  await storage.chats.addMembers(1, group, ['u2']);
  const expected = await send(40);
  await storage.devices.begin(key, { session: 's', node: 'n', platform: 'web', now: sampleInstant });
  await storage.close();
  const database = new Database(path.join(folder.dir, 'recalld.sqlite'));
  const { changes } = database.prepare(`update members set from_messages = 0 where "user" = 'u2'`).run();
  database.close();
  expect(changes).toBe(1);
  return { expected, timeline: groupTimeline(group.id) };
}
