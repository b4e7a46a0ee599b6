import { sampleInstant } from '@recalld/domain/testing';
import type { RecordedEvent } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Storage } from '../storage.js';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { Row, TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';
import { startTraffic } from '../testing/traffic.js';
import type { Traffic } from '../testing/traffic.js';
import { replayConversations, replayItems } from './replay.js';
import type { ReplayedConversation } from './replay.js';

const now = sampleInstant + 3_600_000;

/** Ways to spoil what lists and histories are read from; each leaves the log as it is. */
const damages = {
  'lost items': ['delete from timeline_items where event_position % 3 = 0'],
  'items that say that nothing was recalled': ["update timeline_items set state = 'live'"],
  'items in another place': ['update timeline_items set position = position + 7, author = ?', 'u9'],
  'items without an event': [
    `insert into timeline_items
       (event_position, timeline_no, position, kind, message_seq, author, sent_at, state, flags)
     values (?, 1, 9, 'message', 9, 'u1', 1, 'live', 0)`,
    1_000_000,
  ],
  'lost watermarks': ['delete from conversations where list_through % 2 = 0'],
  'wrong watermarks': ['update conversations set list_through = list_through + 100, roam_through = 0'],
  'what is read forgotten': ['update conversations set read_through = 0'],
  'lost notices': ["delete from timeline_items where kind not in ('message', 'recall')"],
  'roaming that was deleted by time, back again': ['update conversations set roam_sent_through = 0'],
  'messages that were deleted, back again': ['delete from roaming_deletions where message_seq % 2 = 0'],
  'messages that nobody deleted': [
    `insert into roaming_deletions
     values (?, 'u1', 'pair/u1/u2', 999), (7, 'u7', 'what is this', 3), (1, 'u1', 'pair/u1/u9', 3)`,
    1,
  ],
  'watermarks of nobody': [
    `insert into conversations (app_no, "user", timeline, list_through, roam_through)
     values (?, 'u7', 'pair/u7/u8', 3, 3), (7, 'u7', 'what is this', 3, 3)`,
    1,
  ],
  'counters behind the log': ['update timelines set head = 0, messages = 0'],
  'lost counters': ["delete from timelines where timeline <> 'pair/u1/u2'"],
  'everything lost': ['delete from timeline_items'],
} satisfies Record<string, readonly [string, ...(string | number)[]]>;

describe('a rebuild on SQLite', () => describeRebuild(sqliteStore));
describe.skipIf(!postgresAvailable)('a rebuild on PostgreSQL', () => describeRebuild(postgresStore));

function describeRebuild(open: () => Promise<TestStore>): void {
  let store: TestStore;
  let traffic: Traffic;
  beforeEach(async () => {
    store = await open();
    traffic = await startTraffic(store.nodes);
    await traffic.go(200);
  });
  afterEach(() => store.close());

  it.each(Object.entries(damages))('given %s, then they are as they were', async (_, damage) => {
    const before = { rows: await rowsOf(store), read: await traffic.everything() };
    const [text, ...parameters] = damage as [string, ...(string | number)[]];
    await store.run(text, ...parameters);
    expect(await rowsOf(store)).not.toEqual(before.rows);

    const { changed } = await rebuild(store.nodes[0], 50);

    expect(changed).toBeGreaterThan(0);
    expect(await rowsOf(store)).toEqual(before.rows);
    expect(await traffic.everything()).toEqual(before.read);
    expect((await rebuild(store.nodes[0], 50)).changed).toBe(0);
  });

  it('given counters that are ahead, then they stay: what a position named is never named again', async () => {
    await store.run('update timelines set head = head + 100, messages = messages + 100');
    const before = await store.run('select * from timelines order by timeline_no');

    await rebuild(store.nodes[0], 50);

    expect(await store.run('select * from timelines order by timeline_no')).toEqual(before);
  });

  it('given traffic on every node meanwhile, then it ends as the log says, and nothing recalled is read', async () => {
    await store.run("update timeline_items set state = 'live' where state = 'expired'");
    await store.run('delete from timeline_items where event_position % 2 = 0');
    await store.run('delete from conversations');
    await store.nodes[0].readModels.start(now);
    const busy = traffic.go(400);
    const reads = readWhile(busy, traffic);

    await Promise.all(store.nodes.map((node) => stepAll(node, 7)));
    await busy;
    // What the traffic did behind the end of the rebuild was written by its own commands.
    expect(await reads).toBeGreaterThan(0);
    const { items, marks } = replayed(await wholeLog(store.nodes[0]), await numbersOf(store));
    const rows = await rowsOf(store);
    expect(rows.items).toEqual(items);
    expect(rows.marks).toEqual(marks);
  });

  it('given a rebuild that broke off, then the next node goes on where it came to', async () => {
    const before = await rowsOf(store);
    await store.run('delete from timeline_items');
    const [first, second] = store.nodes;
    await first.readModels.start(now);
    for (let n = 0; n < 3; n += 1) await first.readModels.step(now, 10);
    const reached = await second.readModels.state();
    expect(reached).toMatchObject({ finishedAt: null });
    expect(reached?.position).toBeGreaterThanOrEqual(30);

    await stepAll(second, 50);

    expect(await rowsOf(store)).toEqual(before);
    expect(await first.readModels.state()).toMatchObject({ startedAt: now, finishedAt: now });
  });
}

async function rebuild(node: Storage, limit: number) {
  await node.readModels.start(now);
  await stepAll(node, limit);
  const done = await node.readModels.state();
  if (done === undefined) throw new Error('there was a rebuild');
  expect(done.finishedAt).toBe(now);
  return done;
}

async function stepAll(node: Storage, limit: number): Promise<void> {
  while (await node.readModels.step(now, limit));
}

/** Reads until the work is done: nothing whose recall was acknowledged before. Answers how often. */
async function readWhile(work: Promise<void>, traffic: Traffic): Promise<number> {
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  let reads = 0;
  while (!over) {
    const recalled = new Set(traffic.recalled);
    const readable = await traffic.readable();
    expect([...readable].filter((msgId) => recalled.has(msgId))).toEqual([]);
    reads += 1;
  }
  await ended;
  return reads;
}

async function rowsOf({ run }: TestStore) {
  return {
    items: await run(
      'select i.*, t.timeline from timeline_items i join timelines t using (timeline_no) order by 1',
    ).then((rows) => rows.map(withoutNumber)),
    marks: await run('select * from conversations order by app_no, "user", timeline'),
    deleted: await run('select * from roaming_deletions order by app_no, "user", timeline, message_seq'),
    counters: (await run('select * from timelines order by timeline')).map(withoutNumber),
  };
}

/** A timeline whose row was lost gets another number. */
function withoutNumber({ timeline_no: _, ...row }: Row): Row {
  return row;
}

async function numbersOf({ run }: TestStore): Promise<ReadonlySet<unknown>> {
  return new Set((await run('select timeline from timelines')).map(({ timeline }) => timeline));
}

async function wholeLog({ log }: Storage): Promise<readonly RecordedEvent[]> {
  const { events } = await log.read({ after: 0, limit: 100_000 });
  return events;
}

/** The rows that the whole log comes to, in the order of {@link rowsOf}. */
function replayed(log: readonly RecordedEvent[], timelines: ReadonlySet<unknown>) {
  const items = [...replayItems(log).values()].map(({ row, timeline }) => {
    expect(timelines).toContain(timeline);
    return { ...row, timeline };
  });
  const order = ({ row }: ReplayedConversation) => `${row.app_no}/${row.user}/${row.timeline}`;
  const conversations = [...replayConversations(log).values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return {
    items: items.sort((a, b) => a.event_position - b.event_position),
    marks: conversations.map(({ row }) => row),
    deleted: conversations.flatMap(({ row: { app_no, user, timeline }, deleted }) =>
      [...deleted].sort((a, b) => a - b).map((message_seq) => ({ app_no, user, timeline, message_seq })),
    ),
  };
}
