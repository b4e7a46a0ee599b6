import { conversationStream } from '@recalld/domain';
import type { CommandLoop } from '@recalld/domain';
import {
  appSample,
  createSequentialIds,
  deleteRoamingSample,
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

  const send = async () => {
    const msgId = ids.next();
    await loop.submit([sendSample({ msgId })]);
    return msgId;
  };
  const removeOne = async (msgId: string) => {
    const change = { unwanted: { by: 'ids', msgIds: [msgId] }, noticeId: ids.next() } as const;
    const [outcome] = await loop.submit([deleteRoamingSample(change)]);
    return outcome?.ok === true ? outcome.events : [];
  };
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

  it('given many deletions from roaming, then the last ones are read, and those of conversations and readings too', async () => {
    const sent: string[] = [];
    await send();
    await remove(true);
    for (let n = 0; n < 12; n += 1) sent.push(await send());
    await read();
    for (const msgId of sent) await removeOne(msgId);

    const { streams } = await loadOne(store.nodes[1], { app: 1, streams: [stream] });

    const versions = streams.get(stream)?.map(({ version }) => version);
    expect(versions).toEqual([1, 2, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect([await read(), await removeOne(sent.at(-1) ?? ''), await remove(false)]).toMatchObject([
      [],
      [],
      [{ version: 15 }],
    ]);
  });

  it('given an earlier deletion from roaming that is asked for again, then nothing changes', async () => {
    const sent: string[] = [];
    for (let n = 0; n < 10; n += 1) sent.push(await send());
    for (const msgId of sent) await removeOne(msgId);
    const deleted = () => store.run('select message_seq from roaming_deletions order by 1');
    const before = await deleted();
    expect(before).toHaveLength(10);

    await removeOne(sent[0] ?? '');

    expect(await deleted()).toEqual(before);
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
       where stream_day = 0 and app_no = 1 and stream = 'x' and type in ('ConversationDeleted', 'RoamingDeleted')`,
    );
    expect(JSON.stringify(plan)).toContain('events_deletions');
  });
}
