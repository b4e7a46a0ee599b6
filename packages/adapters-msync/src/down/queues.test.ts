import { pairTimeline, Unavailable } from '@recalld/domain';
import type { CursorMove } from '@recalld/domain';
import { sendSample } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { contentOfOthers, pullFrame } from '../testing/given.js';
import { queueOf, shownOf } from '../testing/msyncClient.js';
import type { MsyncClient } from '../testing/msyncClient.js';
import { createMsyncWorld, until } from '../testing/msyncWorld.js';
import type { MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

const ann = queueOf('ann');
const bob = queueOf('bob');
const group = queueOf('g1', 'conference.easemob.com');

/** ann sends texts, one command each; the clock stands still. */
async function sendTexts(texts: readonly string[], to = 'bob', chatKind: 'chat' | 'groupchat' = 'chat') {
  const { app, clock, ids } = world;
  for (const text of texts) {
    const content = contentOfOthers({ kind: 'txt', text });
    const sent = { app: app.no, msgId: ids.next(), from: 'ann', to, chatKind, content, now: clock.now() };
    await world.one<'SendMessage'>(sendSample(sent));
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);

const textsOf = (client: MsyncClient) =>
  client.frames.flatMap(({ metas = [] }) => metas.map((meta) => shownOf(meta).text));

async function twoUsers() {
  world = await createMsyncWorld(['ann', 'bob', 'eve']);
  return world.node();
}

describe('what came while a device was away', () => {
  it('is listed, and pulled in order and in batches', async () => {
    const node = await twoUsers();
    await sendTexts(numbered(120));
    const client = await node.device('bob');

    expect(await client.unread()).toEqual([['ann', 120]]);
    const shown = await client.pullAll(ann);

    expect(shown.map(({ text }) => text)).toEqual(numbered(120));
    expect(await client.unread()).toEqual([]);
  });

  it('is given in batches that never end the round, each with its queue and a new key', async () => {
    const node = await twoUsers();
    await sendTexts(numbered(60));
    const client = await node.device('bob');

    const first = await client.pull(ann);
    const second = await client.pull(ann, first.nextKey);
    const end = await client.pull(ann, second.nextKey);

    expect([first, second, end].map(({ metas = [], isLast }) => [metas.length, isLast])).toEqual([
      [50, false],
      [10, false],
      [0, true],
    ]);
    expect(Number(second.nextKey)).toBeGreaterThan(Number(first.nextKey));
    expect([first, second, end].map(({ queue }) => queue)).toEqual([ann, ann, ann]);
  });

  it('is not given again after it was confirmed, also to the next session', async () => {
    const node = await twoUsers();
    await sendTexts(['one', 'two']);
    const before = await node.device('bob');
    await before.pullAll(ann);
    before.socket.terminate();

    const after = await node.device('bob');

    expect(await after.unread()).toEqual([]);
    expect(await after.pullAll(ann)).toEqual([]);
  });

  it('is given again under another key when nobody confirmed it', async () => {
    const node = await twoUsers();
    await sendTexts(['one']);
    const before = await node.device('bob');
    const { nextKey } = await before.pull(ann);
    before.socket.terminate();
    const after = await node.device('bob');

    const again = await after.pull(ann);

    expect(again.metas?.map(shownOf)).toMatchObject([{ text: 'one' }]);
    expect(again.nextKey).not.toBe(nextKey);
    expect(await after.pull(ann, again.nextKey)).toMatchObject({ isLast: true });
  });

  it('is given once to a device that asks twice', async () => {
    const node = await twoUsers();
    await sendTexts(['one']);
    const client = await node.device('bob');

    client.send(pullFrame({ queue: ann }));
    const { nextKey } = await client.pull(ann);
    await client.pull(ann, nextKey);

    expect(textsOf(client)).toEqual(['one']);
  });

  it('is not confirmed by a key that was never given', async () => {
    const node = await twoUsers();
    await sendTexts(['one']);
    const client = await node.device('bob');

    const page = await client.pull(ann, '9007199254740991');

    expect(page.metas).toHaveLength(1);
    expect(await client.pullAll(queueOf('eve'))).toEqual([]);
  });

  it('is nothing in a queue of another app, or of nobody', async () => {
    const node = await twoUsers();
    const client = await node.device('bob');
    const strange = [
      { appKey: 'other#app', name: 'ann' },
      queueOf('x', 'conference.easemob.com'),
      queueOf('x', 'y'),
    ];

    for (const queue of strange) expect(await client.pull(queue)).toMatchObject({ isLast: true });
  });

  it('is small enough in one batch', async () => {
    world = await createMsyncWorld(['bob']);
    const node = await world.node({ limits: { pageBytesMax: 2_000 } });
    const long = Array.from({ length: 6 }, (_, index) => String(index).repeat(700));
    await sendTexts([...long, 'x'.repeat(5_000)]);
    const client = await node.device('bob');

    const shown = await client.pullAll(ann);

    expect(shown.map(({ text }) => text?.length)).toEqual([700, 700, 700, 700, 700, 700, 5_000]);
    const sizes = client.frames.map(({ metas = [] }) => metas.length);
    expect(Math.max(...sizes)).toBe(2);
  });

  it('is without what was recalled meanwhile, but with the word of it', async () => {
    const node = await twoUsers();
    await sendTexts(['one', 'two']);
    const [sent] = await world.events('MessageSent');
    const recalled = sent?.type === 'MessageSent' ? sent.data.msgId : '';
    await world.recall(recalled, { by: 'ann', to: 'bob' });
    const client = await node.device('bob');

    const shown = await client.pullAll(ann);

    expect(shown.map(({ text }) => text)).toEqual(['two', undefined]);
  });
});

describe('a live message', () => {
  it('is told with one notice until the device asks, and given then', async () => {
    const node = await twoUsers();
    const client = await node.device('bob');

    await sendTexts(numbered(45));
    await client.next('notice');
    await until(async () => (await client.unread()).length > 0);
    const shown = await client.pullAll(ann);

    expect(shown.map(({ text }) => text)).toEqual(numbered(45));
    expect(client.frames.filter(({ command }) => command === 'notice')).toMatchObject([{ queue: ann }]);
  });

  it('that comes in the middle of a pull is in it, or told after it', async () => {
    const node = await twoUsers();
    const client = await node.device('bob');
    await sendTexts(['one']);
    await client.next('notice');
    const first = await client.pull(ann);

    await sendTexts(['two']);
    const second = await client.pull(ann, first.nextKey);
    const end = await client.pull(ann, second.nextKey);
    await sendTexts(['three']);
    await client.next('notice');

    expect(end.isLast).toBe(true);
    expect(await client.pullAll(ann)).toMatchObject([{ text: 'three' }]);
    expect(client.frames.filter(({ command }) => command === 'notice')).toHaveLength(2);
  });

  it('is told again, after the end of a round, to a device that does not follow', async () => {
    const node = await twoUsers();
    const client = await node.device('bob');
    await sendTexts(['one']);
    await client.next('notice');

    world.clock.advance(2_000);

    expect(await client.next('sync')).toMatchObject({ queue: ann, isLast: true });
    await client.next('notice');
    expect(await client.pullAll(ann)).toMatchObject([{ text: 'one' }]);
  });

  it('reaches both devices of its receiver, and the other one of its sender', async () => {
    const node = await twoUsers();
    const [phone, tablet] = [await node.device('bob', 'phone'), await node.device('bob', 'tablet')];
    const [own, other] = [await node.device('ann', 'own'), await node.device('ann', 'other')];

    const sent = await own.answer(own.text('bob', 'hello'));

    const hello = [{ id: sent.serverId, text: 'hello' }];
    for (const device of [phone, tablet]) {
      await device.next('notice');
      expect(await device.pullAll(ann)).toEqual(hello);
    }
    await other.next('notice');
    expect(await other.pullAll(bob)).toEqual(hello);
    expect(await own.pullAll(bob)).toEqual([]);
    expect(await own.unread()).toEqual([]);
  });

  it('reaches every connected member of a group', async () => {
    const node = await twoUsers();
    await world.group('g1', ['ann', 'bob', 'eve']);
    const members = [await node.device('bob'), await node.device('eve')];

    await sendTexts(['hello'], 'g1', 'groupchat');

    await Promise.all(members.map((member) => member.next('notice')));
    const shown = await Promise.all(members.map((member) => member.pullAll(group)));
    expect(shown.flat().map(({ text }) => text)).toEqual(['hello', 'hello']);
  });

  it('of a group is not sent after its recall, also when another member has just got it', async () => {
    const node = await twoUsers();
    await world.group('g1', ['ann', 'bob', 'eve']);
    const [early, late] = [await node.device('bob'), await node.device('eve')];
    await sendTexts(['secret'], 'g1', 'groupchat');
    await early.pull(group);
    const [sent] = await world.events('MessageSent');
    const msgId = sent?.type === 'MessageSent' ? sent.data.msgId : '';
    const { queues } = world.storage;
    const { page } = queues;
    // The page was read while the message was there.
    const pageThenRecall: typeof page = async (query) => {
      Object.assign(queues, { page });
      const read = await page(query);
      await world.recall(msgId, { by: 'ann', to: 'g1', chatKind: 'groupchat' });
      return read;
    };
    Object.assign(queues, { page: pageThenRecall });

    await until(async () => (await late.pullAll(group)).length > 0);

    expect([textsOf(early), textsOf(late)]).toEqual([['secret'], [undefined]]);
  });
});

describe('a burst of sends', () => {
  it('is answered in order and arrives in order', async () => {
    const node = await twoUsers();
    const [sender, receiver] = [await node.device('ann'), await node.device('bob')];

    const ids = numbered(200).map((text) => sender.text('bob', text));
    for (const id of ids) await sender.answer(id);

    const answered = sender.frames.flatMap(({ metaId }) => metaId ?? []);
    expect(answered).toEqual(ids);
    const shown = await receiver.pullAll(ann);
    expect(shown.map(({ text }) => text)).toEqual(numbered(200));
  });
});

describe('while storage is away', () => {
  it('a session stays: heartbeats are answered, and what could not be read is told later', async () => {
    const node = await twoUsers();
    const client = await node.device('bob');
    const { pending, page } = world.storage.queues;
    const gone = () => Promise.reject(new Unavailable('gone'));
    Object.assign(world.storage.queues, { pending: gone, page: gone });

    expect(await client.unread()).toEqual([]);
    expect(await client.pull(ann)).toMatchObject({ isLast: true });
    await sendTexts(['one']);
    Object.assign(world.storage.queues, { pending, page });
    world.clock.advance(2_000);

    await client.next('notice', ({ queue }) => queue?.name === 'ann');
    // The end that goes before a repeated notice may be taken for the answer to a pull.
    await until(async () => {
      await client.pullAll(ann);
      return textsOf(client).length > 0;
    });
    expect(textsOf(client)).toEqual(['one']);
    expect(node.msync.sessions()).toBe(1);
  });

  it('confirms wait and are written when it is back', async () => {
    const node = await twoUsers();
    await sendTexts(['one']);
    const client = await node.device('bob', 'd');
    const { devices } = world.storage;
    const { confirm } = devices;
    let failures = 0;
    const written: CursorMove[] = [];
    Object.assign(devices, {
      confirm: async (moves: readonly CursorMove[]) => {
        failures += 1;
        if (failures <= 2) throw new Unavailable('gone');
        written.push(...moves);
        await confirm(moves);
      },
    });

    await client.pullAll(ann);

    await until(() => written.length > 0);
    const key = { app: world.app.no, user: 'bob', device: 'd', timeline: pairTimeline('ann', 'bob') };
    expect(written).toEqual([{ ...key, through: { position: 1, messages: 1 } }]);
  });
});
