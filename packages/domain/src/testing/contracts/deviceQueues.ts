import { describe, expect, it } from 'vitest';
import type { Command } from '../../application/command.js';
import { groupTimeline, pairTimeline, roomTimeline, userTimeline } from '../../kernel/stream.js';
import {
  ackSample,
  deleteSample,
  groupSample,
  readSample,
  recallSample,
  roomSample,
  sendSample,
} from '../samples.js';
import { idsOf, withDevices } from './deviceSupport.js';
import type { DeviceWorld } from './deviceSupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const pair = pairTimeline('u1', 'u2');
const group = { kind: 'groupchat', id: 'g1' } as const;
const inGroup = groupTimeline(group.id);
const toGroup = { chatKind: 'groupchat', to: 'g1', from: 'owner' } as const;

/** What waits for a device, and how it is read. */
export function describeDeviceQueues(name: string, harness: StorageHarness): void {
  describe(`DeviceQueues: ${name}`, () => {
    const world = useWorld(harness);
    const devices = () => withDevices(world());
    describe('a queue that waits', () => describePending(devices));
    describe('a page', () => describePages(devices));
  });
}

function describePending(devices: () => DeviceWorld): void {
  it('is each timeline with something new: pairs on either side, groups, rooms and the user’s own', async () => {
    const { ports, app, ids, begin, send, one, waiting } = devices();
    await ports.chats.create(groupSample(app.no, group.id), ['u2']);
    await ports.chats.create(roomSample(app.no, 'r1'), ['u2']);
    await begin('u2', 'web');
    await send();
    await send({ from: 'u2', to: 'u1' });
    await send({ from: 'u2', to: 'u3' });
    await send({ from: 'u2', to: 'u2' });
    await send(toGroup);
    await send({ chatKind: 'chatroom', to: 'r1', from: 'owner' });
    await one(deleteSample({ app: app.no, user: 'u2', channel: 'u1', noticeId: ids.next() }));
    await send({ from: 'u3', to: 'u4' });

    const queues = await waiting('u2', 'web');

    expect(queues).toHaveLength(6);
    expect(new Map(queues)).toEqual(
      new Map([
        [pair, 2],
        [pairTimeline('u2', 'u3'), 1],
        [pairTimeline('u2', 'u2'), 1],
        [inGroup, 1],
        [roomTimeline('r1'), 1],
        [userTimeline('u2'), 1],
      ]),
    );
  });

  it('comes the fullest last, up to the limit', async () => {
    const { ports, app, begin, send } = devices();
    await begin('u2', 'web');
    for (const from of ['u1', 'u1', 'u1', 'u3', 'u4', 'u4']) await send({ from });
    const key = { app: app.no, user: 'u2', device: 'web' };

    const queues = await ports.queues.pending(key, 2);

    expect(queues).toEqual([
      { timeline: pairTimeline('u2', 'u3'), from: { position: 0, messages: 0 }, count: 1 },
      { timeline: pairTimeline('u2', 'u4'), from: { position: 0, messages: 0 }, count: 2 },
    ]);
    expect((await ports.queues.pending(key, 3)).map(({ count }) => count)).toEqual([1, 2, 3]);
  });

  it('goes with what is confirmed, and comes back with what is new', async () => {
    const { ports, app, begin, send, confirm, waiting } = devices();
    await begin('u2', 'web');
    for (let n = 0; n < 3; n += 1) await send();
    await confirm('u2', 'web', pair, { position: 2, messages: 2 });
    expect(await ports.queues.pending({ app: app.no, user: 'u2', device: 'web' }, 10)).toEqual([
      { timeline: pair, from: { position: 2, messages: 2 }, count: 1 },
    ]);

    await confirm('u2', 'web', pair, { position: 3, messages: 3 });
    expect(await waiting('u2', 'web')).toEqual([]);

    await send();
    expect(await waiting('u2', 'web')).toEqual([[pair, 1]]);
    expect(await waiting('u1', 'web')).toEqual([[pair, 4]]);
  });

  it('is a group’s from the joining on, and no more when the membership ended before', async () => {
    const { ports, app, begin, send, confirm, waiting } = devices();
    await ports.chats.create(groupSample(app.no, group.id), []);
    await begin('u2', 'web');
    for (let n = 0; n < 3; n += 1) await send(toGroup);
    await ports.chats.addMembers(app.no, group, ['u2']);
    expect(await waiting('u2', 'web')).toEqual([]);

    await send(toGroup);
    expect(await ports.queues.pending({ app: app.no, user: 'u2', device: 'web' }, 10)).toEqual([
      { timeline: inGroup, from: { position: 3, messages: 3 }, count: 1 },
    ]);
    await ports.chats.removeMembers(app.no, group, ['u2']);
    await send(toGroup);
    expect(await waiting('u2', 'web')).toEqual([[inGroup, 1]]);

    await confirm('u2', 'web', inGroup, { position: 4, messages: 4 });
    expect(await waiting('u2', 'web')).toEqual([]);

    await ports.chats.addMembers(app.no, group, ['u2']);
    await send(toGroup);
    expect(await waiting('u2', 'web')).toEqual([[inGroup, 1]]);
  });

  it('is gone through to its end by pages, whatever of it is for the device', async () => {
    const { begin, send, recall, drain, confirm, waiting } = devices();
    await begin('u1', 'web');
    await send({ originDevice: 'web' });
    await recall(await send({ flags: { imported: true } }), { syncSender: false });

    const { items, next } = await drain('u1', 'web', pair, { limit: 1 });
    await confirm('u1', 'web', pair, next);

    expect(items).toEqual([]);
    expect(await waiting('u1', 'web')).toEqual([]);
  });
}

function describePages(devices: () => DeviceWorld): void {
  /** Messages, and recalls of the oldest ones; answers what is left for a device, in order. */
  async function mixed({ ids, send, recall }: DeviceWorld, script: string): Promise<readonly string[]> {
    const live: string[] = [];
    let expected: readonly string[] = [];
    for (const step of script) {
      if (step === 'm') {
        const msgId = await send();
        live.push(msgId);
        expected = [...expected, msgId];
        continue;
      }
      const recalled = live.shift() ?? '1';
      const recallId = ids.next();
      await recall(recalled, { recallId });
      expected = [...expected.filter((id) => id !== recalled), recallId];
    }
    return expected;
  }

  it('has messages and notices in the order of the timeline, with all that devices need of them', async () => {
    const { app, ids, begin, send, recall, one, page } = devices();
    await begin('u2', 'web');
    const [recallId, noticeId] = [ids.next(), ids.next()];
    const first = await send();
    const second = await send({ originDevice: 'phone', contentKind: 'img' });
    await recall(first, { recallId });
    await one(readSample({ app: app.no, user: 'u1', channel: 'u2', noticeId, originDevice: 'phone' }));
    const last = await send({ from: 'u2', to: 'u1', originDevice: 'tablet' });

    const { items, next, more } = await page('u2', 'web', pair);

    expect(items).toMatchObject([
      { kind: 'message', itemId: second, position: 2, messageSeq: 2, contentKind: 'img', state: 'live' },
      { kind: 'recall', itemId: recallId, position: 3, recalledId: first, messageAuthor: 'u1' },
      { kind: 'read', itemId: noticeId, position: 4, channel: 'u2', author: 'u1' },
      { kind: 'message', itemId: last, position: 5, messageSeq: 3, originDevice: 'tablet' },
    ]);
    expect(next).toEqual({ position: 5, messages: 3 });
    expect(more).toBe(false);
  });

  it('has the notices of the user’s own timeline', async () => {
    const { app, ids, begin, send, one, page } = devices();
    await begin('u1', 'web');
    const [ackId, noticeId] = [ids.next(), ids.next()];
    const msgId = await send();
    await one(ackSample({ app: app.no, ackId, msgId }));
    await one(deleteSample({ app: app.no, noticeId, originDevice: 'phone' }));

    expect((await page('u1', 'web', userTimeline('u1'))).items).toMatchObject([
      { kind: 'acknowledgement', itemId: ackId, msgId, author: 'u2' },
      { kind: 'deletion', itemId: noticeId, channel: 'u2', originDevice: 'phone' },
    ]);
    expect((await page('u2', 'web', userTimeline('u1'))).items).toEqual([]);
  });

  it.each(['mmmmmrrmrmrmm', 'mrmrmrmr', 'mmmmrrrr', 'mmmmmmmmrrrmrmmm'])(
    'ends anywhere between messages and notices, and the next one goes on: %s',
    async (script) => {
      const world = devices();
      await world.begin('u2', 'web');
      const expected = await mixed(world, script);

      for (let limit = 1; limit <= script.length; limit += 1) {
        const { items, next } = await world.drain('u2', 'web', pair, { limit });
        expect(idsOf(items)).toEqual(expected);
        expect(next).toEqual({ position: script.length, messages: script.replaceAll('r', '').length });
      }
    },
  );

  it('starts where its device has come, or where it is told to', async () => {
    const world = devices();
    const { begin, page, confirm } = world;
    await begin('u2', 'web');
    const [first, second, third] = await mixed(world, 'mmm');
    const { next } = await page('u2', 'web', pair, { limit: 1 });
    await confirm('u2', 'web', pair, next);

    expect(idsOf((await page('u2', 'web', pair, { limit: 1 })).items)).toEqual([second]);
    const after = { position: 2, messages: 2 };
    expect(idsOf((await page('u2', 'web', pair, { after })).items)).toEqual([third]);
    const start = { position: 0, messages: 0 };
    expect(idsOf((await page('u2', 'web', pair, { after: start, limit: 1 })).items)).toEqual([first]);
  });

  it('says whether there is more, exactly at the end too', async () => {
    const world = devices();
    await world.begin('u2', 'web');
    await mixed(world, 'mmm');

    expect((await world.page('u2', 'web', pair, { limit: 2 })).more).toBe(true);
    expect((await world.page('u2', 'web', pair, { limit: 3 })).more).toBe(false);
  });

  it('is empty for a timeline that is not there, behind its end, and of other users', async () => {
    const world = devices();
    const { begin, send, page } = world;
    await begin('u2', 'web');
    await send();
    const after = { position: 9, messages: 9 };
    const start = { position: 0, messages: 0 };

    expect(await page('u2', 'web', pairTimeline('u2', 'u9'))).toEqual({
      items: [],
      next: start,
      more: false,
    });
    expect(await page('u2', 'web', pair, { after })).toEqual({ items: [], next: after, more: false });
    expect(await page('u3', 'web', pair)).toEqual({ items: [], next: start, more: false });
    expect(await page('u3', 'web', inGroup)).toEqual({ items: [], next: start, more: false });
  });

  it('may be empty with more behind it: what is not for the device ends', async () => {
    const world = devices();
    const { app, begin, ids, clock, send, page, drain } = world;
    await begin('u2', 'web');
    const imported = { app: app.no, flags: { imported: true }, now: clock.now() } as const;
    await submitAll(
      world,
      Array.from({ length: 2_100 }, () => sendSample({ ...imported, msgId: ids.next() })),
    );
    const last = await send();

    expect(await page('u2', 'web', pair, { limit: 20 })).toMatchObject({ items: [] });
    const { items, next } = await drain('u2', 'web', pair, { limit: 20 });

    expect(idsOf(items)).toEqual([last]);
    expect(next).toEqual({ position: 2_101, messages: 2_101 });
  });

  it.each([20, 50, 100, 300])('keeps the order over many rows of each kind, %i at a time', async (limit) => {
    const world = devices();
    const { app, begin, ids, clock, drain } = world;
    await begin('u2', 'web');
    const turn = (n: number): readonly Command[] => {
      const base = { app: app.no, now: clock.now() };
      const flags = n % 37 === 0 ? {} : ({ imported: true } as const);
      const absent = { ...base, msgId: ids.next(), waive: { window: true, absence: true } };
      const recall = recallSample({ ...absent, recallId: ids.next() });
      const sending = sendSample({ ...base, msgId: ids.next(), flags });
      return n % 2 === 0 || n > 400 ? [sending, recall] : [sending];
    };
    const commands = Array.from({ length: 600 }, (_, n) => turn(n)).flat();
    await submitAll(world, commands);
    const expected = commands.flatMap((command) => {
      if (command.type === 'RecallMessage') return command.recallId;
      return command.type === 'SendMessage' && command.flags.imported !== true ? command.msgId : [];
    });

    const { items, next } = await drain('u2', 'web', pair, { limit });

    expect(idsOf(items)).toEqual(expected);
    expect(next).toEqual({ position: commands.length, messages: 600 });
  });
}

/** All at once, in order: they share commits. */
async function submitAll({ loop }: DeviceWorld, commands: readonly Command[]): Promise<void> {
  const outcomes = await Promise.all(commands.map((command) => loop.submit([command])));
  expect(outcomes.flat().filter(({ ok }) => !ok)).toEqual([]);
}
