import { pairTimeline } from '@recalld/domain';
import type { Item, SendMessage } from '@recalld/domain';
import { appSample, createSequentialIds, sampleInstant, sendSample } from '@recalld/domain/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PostgresStorage } from '../postgresStorage.js';
import { loopOn } from '../testing/commands.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';

// A commit of another node that is held up at its very end: everything is written, and nobody sees it.

const holdUp = `
  create function hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(4242); return null; end $$;
  create constraint trigger held_up after insert on timeline_items deferrable initially deferred
    for each row when (new.author = 'late') execute function hold_up()`;

let one: PostgresStorage;
let two: PostgresStorage;
let holder: pg.Client;
let remove: () => Promise<void>;
const ids = createSequentialIds();

function send({ commands }: PostgresStorage, change: Partial<SendMessage>) {
  const command = sendSample({ msgId: ids.next(), ...change });
  return { msgId: command.msgId, done: loopOn(commands).submit([command]) };
}

/** Sends something that is written, and is not committed before the holder lets go. */
async function sendLate(change: Partial<SendMessage>) {
  const sent = send(two, { from: 'late', ...change });
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and objid = 4242 and not granted`;
  for (;;) {
    if ((await holder.query(waiting)).rowCount === 1) return sent;
  }
}

const letGo = () => holder.query('select pg_advisory_unlock(4242)');
const idsOf = (items: readonly Item[]) => items.map(({ itemId }) => itemId);
const base = { connectedAt: 0, limit: 10, now: sampleInstant };
const key = { app: 1, user: 'u2', device: 'web' };
const pair = pairTimeline('late', 'u2');

function since(after: number) {
  return one.queues.since({ app: 1, user: 'u2', after, ...base });
}

describe.skipIf(!postgresAvailable)('a commit that is late', () => {
  beforeEach(async () => {
    const opened = await openTestStorage();
    one = opened.storage;
    two = await openNode(opened.url);
    remove = opened.remove;
    holder = new pg.Client({ connectionString: opened.url });
    await holder.connect();
    await holder.query(holdUp);
    await one.apps.create(appSample());
    await one.devices.begin(key, { session: 's', node: 'n', platform: 'web', now: sampleInstant });
    await send(one, { from: 'late', to: 'u3' }).done;
    await holder.query('select pg_advisory_lock(4242)');
  });

  afterEach(async () => {
    await holder.end();
    await two.close();
    await remove();
  });

  it('holds back what stands behind it in other timelines: since shows each once, in order', async () => {
    const before = send(one, {});
    await before.done;
    const late = await sendLate({});
    const after = send(one, {});
    await after.done;

    const first = await since(0);
    expect(idsOf(first.items)).toEqual([before.msgId]);
    expect(await since(first.through)).toEqual({ items: [], through: first.through, more: false });

    await letGo();
    await late.done;
    expect(idsOf((await since(first.through)).items)).toEqual([late.msgId, after.msgId]);
  });

  it('holds nothing of another queue back, and is in its own queue when it comes', async () => {
    const late = await sendLate({});
    const other = send(one, {});
    await other.done;

    expect((await one.queues.pending(key, 10)).map(({ timeline }) => timeline)).toEqual([
      pairTimeline('u1', 'u2'),
    ]);
    const empty = await one.queues.page({ key, timeline: pair, ...base });
    expect(empty.items).toEqual([]);
    await one.devices.confirm([{ ...key, timeline: pair, through: empty.next }]);

    await letGo();
    await late.done;
    expect(idsOf((await one.queues.page({ key, timeline: pair, ...base })).items)).toEqual([late.msgId]);
  });

  it('comes before what waits for it in the same queue: no cursor gets in between', async () => {
    const late = await sendLate({});
    const next = send(one, { from: 'u2', to: 'late' });
    const empty = await one.queues.page({ key, timeline: pair, ...base });
    expect(empty).toEqual({ items: [], next: { position: 0, messages: 0 }, more: false });

    await letGo();
    await Promise.all([late.done, next.done]);
    const { items } = await one.queues.page({ key, timeline: pair, after: empty.next, ...base });
    expect(idsOf(items)).toEqual([late.msgId, next.msgId]);
  });

  it('is behind where a device connected meanwhile: it gets what is only for connected ones', async () => {
    const late = await sendLate({ flags: { onlineOnly: true } });
    await send(one, {}).done;
    const { connectedAt } = await one.devices.begin(
      { ...key, device: 'phone' },
      { session: 's2', node: 'n', platform: 'web', now: sampleInstant },
    );

    await letGo();
    await late.done;
    const query = { key: { ...key, device: 'phone' }, timeline: pair, ...base, connectedAt };
    expect(idsOf((await one.queues.page(query)).items)).toEqual([late.msgId]);
  });
});
