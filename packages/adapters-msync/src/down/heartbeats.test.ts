import type { CursorMove, DeviceQueues, StoragePorts } from '@recalld/domain';
import { sendSample } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { msyncLimits } from '../limits.js';
import { contentOfOthers } from '../testing/given.js';
import { queueOf, shownOf } from '../testing/msyncClient.js';
import type { MsyncClient } from '../testing/msyncClient.js';
import { createMsyncWorld, until } from '../testing/msyncWorld.js';
import type { MsyncNode, MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

const ann = queueOf('ann');
const eve = queueOf('eve');

async function given(change?: Parameters<MsyncWorld['node']>[0]): Promise<MsyncNode> {
  world = await createMsyncWorld(['ann', 'bob', 'eve']);
  return world.node(change);
}

async function send(from: string, change: { to?: string; chatKind?: 'groupchat' } = {}): Promise<void> {
  const { app, clock, ids } = world;
  const content = contentOfOthers({ kind: 'txt', text: `of ${from}` });
  const sent = { app: app.no, msgId: ids.next(), from, to: 'bob', content, now: clock.now(), ...change };
  await world.one<'SendMessage'>(sendSample(sent));
}

const senders = (count: number) => Array.from({ length: count }, (_, index) => `sender${index}`);

const textsOf = (client: MsyncClient) =>
  client.frames.flatMap(({ metas = [] }) => metas.map((meta) => shownOf(meta).text));

/** How often the store was asked for all queues of a device. */
function countLooks(): () => number {
  const { queues } = world.storage;
  const { pending } = queues;
  let looks = 0;
  const counted: DeviceQueues['pending'] = (...asked) => ((looks += 1), pending(...asked));
  Object.assign(queues, { pending: counted });
  return () => looks;
}

/** The device pulls whatever it was told of, until it has so many texts. */
async function followUntil(client: MsyncClient, count: number): Promise<void> {
  let followed = 0;
  await until(async () => {
    const notices = client.frames.filter(({ command }) => command === 'notice');
    for (const { queue } of notices.slice(followed)) if (queue !== undefined) await client.pullAll(queue);
    followed = notices.length;
    return textsOf(client).length >= count;
  });
}

it('a heartbeat does not wait for others’ confirms', async () => {
  const node = await given();
  const waiting = senders(200);
  for (const from of waiting) await send(from);
  const busy = await node.device('bob', 'busy');
  const idle = await node.device('eve', 'idle');
  const { devices } = world.storage;
  const { confirm } = devices;
  // While one confirm is written the next one comes.
  const confirmAndGoOn: StoragePorts['devices']['confirm'] = async (moves: readonly CursorMove[]) => {
    const next = waiting.pop();
    if (next !== undefined) await busy.pullAll(queueOf(next));
    await confirm(moves);
  };
  Object.assign(devices, { confirm: confirmAndGoOn });
  await busy.pullAll(queueOf(waiting.pop() ?? ''));
  await until(() => waiting.length < 198);

  expect(await idle.unread()).toEqual([]);

  expect(waiting.length).toBeGreaterThan(100);
  waiting.length = 0;
});

describe('queues beyond those listed', () => {
  it.each([
    ['are told when the listed ones are followed', { queuesListedMax: 5 }],
    ['are looked for again when they are more than is remembered', { queuesListedMax: 2, queuesKnownMax: 4 }],
  ])('%s', async (_, limits) => {
    const node = await given({ limits });
    const all = senders(12);
    for (const from of all) await send(from);
    const client = await node.device('bob');

    const listed = await client.unread();
    for (const [name] of listed) await client.pullAll(queueOf(name));
    await followUntil(client, all.length);

    expect(listed).toHaveLength(limits.queuesListedMax);
    expect(textsOf(client).toSorted()).toEqual(all.map((from) => `of ${from}`).toSorted());
  });

  it('are not told while the device has the listed ones to follow', async () => {
    const node = await given({ limits: { queuesListedMax: 5 } });
    for (const from of senders(12)) await send(from);
    const client = await node.device('bob');

    await client.unread();
    await client.unread();

    expect(client.frames.filter(({ command }) => command === 'notice')).toEqual([]);
  });
});

describe('a heartbeat after the first look', () => {
  it('is answered from what was heard: the store is not asked', async () => {
    const node = await given();
    const looks = countLooks();
    const client = await node.device('bob');

    expect(await client.unread()).toEqual([]);
    await send('ann');
    await client.next('notice');
    expect(await client.unread()).toEqual([['ann', 1]]);
    expect(await client.pullAll(ann)).toMatchObject([{ text: 'of ann' }]);
    expect(await client.unread()).toEqual([]);

    expect(looks()).toBe(1);
  });

  it('lists a page that the device has not confirmed in time', async () => {
    const node = await given();
    await send('ann');
    const client = await node.device('bob');
    await client.unread();
    await client.pull(ann);

    expect(await client.unread()).toEqual([]);
    world.clock.advance(msyncLimits.roundMs);

    expect(await client.unread()).toEqual([['ann', 1]]);
  });

  it('lists pages that were sent before more others than are remembered', async () => {
    const node = await given({ limits: { roundsMax: 1 } });
    await send('ann');
    await send('eve');
    const client = await node.device('bob');
    await client.unread();
    await client.pull(ann);
    await client.pull(eve);
    world.clock.advance(msyncLimits.roundMs);

    expect((await client.unread()).toSorted()).toEqual([
      ['ann', 1],
      ['eve', 1],
    ]);
  });

  it('lists what another device of the user has got already', async () => {
    const node = await given();
    const [one, two] = [await node.device('bob', 'one'), await node.device('bob', 'two')];
    for (const device of [one, two]) await device.unread();
    await send('ann');
    for (const device of [one, two]) await device.next('notice');

    await two.pullAll(ann);

    expect([await one.unread(), await two.unread()]).toEqual([[['ann', 1]], []]);
  });

  it('lists a group that its user joined meanwhile', async () => {
    const node = await given();
    await world.group('g1', ['ann']);
    const client = await node.device('bob');
    expect(await client.unread()).toEqual([]);

    await world.storage.chats.addMembers(world.app.no, { kind: 'groupchat', id: 'g1' }, ['bob']);
    await send('ann', { to: 'g1', chatKind: 'groupchat' });
    await client.next('notice');

    expect(await client.unread()).toEqual([['g1', 1]]);
  });
});

describe('what a session has not heard of', () => {
  it('is found in a few minutes, without a heartbeat too', async () => {
    const deaf = { watch: async () => () => undefined };
    const node = await given({ live: deaf });
    const client = await node.device('bob');
    await client.unread();
    await send('ann');
    expect(await client.unread()).toEqual([]);

    world.clock.advance(msyncLimits.lookAgainMs);

    await client.next('notice');
    expect(await client.pullAll(ann)).toMatchObject([{ text: 'of ann' }]);
  });
});
