import { conversationStream } from '@recalld/domain';
import type { CommandLoop } from '@recalld/domain';
import {
  appSample,
  createSequentialIds,
  deleteSample,
  loadOne,
  readSample,
  sendSample,
} from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { loopOn } from '../testing/commands.js';
import { postgresAvailable } from '../testing/postgres.js';

const stream = conversationStream('u2', 'chat', 'u1');

describe('streams that may get long, on SQLite', () => describeLongStreams(sqliteStore));
describe.skipIf(!postgresAvailable)('streams that may get long, on PostgreSQL', () =>
  describeLongStreams(postgresStore),
);

function describeLongStreams(open: () => Promise<TestStore>): void {
  let store: TestStore;
  let loop: CommandLoop;
  let ids: ReturnType<typeof createSequentialIds>;

  beforeEach(async () => {
    store = await open();
    await store.nodes[0].apps.create(appSample());
    loop = loopOn(store.nodes[0].commands);
    ids = createSequentialIds();
  });
  afterEach(() => store.close());

  const send = () => loop.submit([sendSample({ msgId: ids.next() })]);
  const read = async () => {
    const [outcome] = await loop.submit([readSample({ noticeId: ids.next() })]);
    return outcome?.ok === true ? outcome.events : [];
  };
  const remove = async (deleteRoaming: boolean) => {
    const change = { user: 'u2', channel: 'u1', deleteRoaming, noticeId: ids.next() };
    const [outcome] = await loop.submit([deleteSample(change)]);
    return outcome?.ok === true ? outcome.events : [];
  };
  async function readAgain(times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      await send();
      await read();
    }
  }

  it('given many readings, then the deletions and the end of a conversation are read, and tell all', async () => {
    await send();
    await remove(true);
    await readAgain(12);
    await remove(false);
    await readAgain(12);

    const { streams } = await loadOne(store.nodes[1], { app: 1, streams: [stream] });

    const versions = streams.get(stream)?.map(({ version }) => version);
    expect(versions).toEqual([1, 14, 19, 20, 21, 22, 23, 24, 25, 26]);
    expect(await read()).toEqual([]);
    const again = await remove(true);
    expect(again).toMatchObject([{ version: 27, data: { throughSeq: 25, roaming: 'deleted' } }]);
    expect(await remove(true)).toEqual([]);
  });

  it('given what the read models have lost, then a rebuild makes the same of it', async () => {
    await send();
    await remove(true);
    await readAgain(30);
    const rows = async () => ({
      marks: await store.run('select * from conversations'),
      items: await store.run('select * from timeline_items order by event_position'),
    });
    const before = await rows();
    await store.run('delete from conversations');
    await store.run("delete from timeline_items where kind = 'read' and event_position % 2 = 0");
    const { readModels } = store.nodes[0];

    await readModels.start(1);
    while (await readModels.step(1, 7));

    expect(await rows()).toEqual(before);
  });

  it('finds deletions by their own index', async () => {
    const explain = { sqlite: 'explain query plan', postgres: 'explain' }[store.kind];
    if (store.kind === 'postgres') await store.run('set enable_seqscan = off');
    const plan = await store.run(
      `${explain} select position, data from events
       where stream_day = 0 and app_no = 1 and stream = 'x' and type = 'ConversationDeleted'`,
    );
    expect(JSON.stringify(plan)).toContain('events_deletions');
  });
}
