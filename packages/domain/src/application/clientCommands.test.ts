import { beforeEach, describe, expect, it } from 'vitest';
import { groupTimeline, pairTimeline, userTimeline } from '../kernel/stream.js';
import {
  ackSample,
  createMemoryStorage,
  createWorld,
  deleteSample,
  endSample,
  fatesOf,
  groupSample,
  loopOn,
  readSample,
  recallSample,
  scriptedStore,
  sendSample,
  textContent,
} from '../testing/index.js';
import type { Fate, World } from '../testing/index.js';
import { itemIdOf } from '../timeline/itemOf.js';
import type { Command } from './command.js';

// What clients ask for, on its way through the loop.

const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const ok = { ok: true };
const sentBefore = { ok: false, code: 'sentBefore' };
const key = 'u1 web 1';

let world: World;
let ids: readonly [string, string, string];
const typesOf = async () =>
  (await world.ports.log.read({ after: 0, limit: 100 })).events.map(({ type }) => type);

beforeEach(async () => {
  world = await createWorld(createMemoryStorage());
  ids = [world.ids.next(), world.ids.next(), world.ids.next()];
  await world.ports.chats.create(groupSample(world.app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
});

describe('sending again what got no answer', () => {
  it('finds the first message, which is the only one', async () => {
    await world.one<'SendMessage'>(sendSample({ msgId: ids[0], retryKey: key }));

    const again = await world.one<'SendMessage'>(sendSample({ msgId: ids[1], retryKey: key }));

    expect(again).toEqual(sentBefore);
    expect(await world.ports.retryKeys.find(1, key)).toMatchObject({ msgId: ids[0] });
    expect(await typesOf()).toEqual(['MessageSent']);
  });

  it('race, send and send again in one batch: one commit, one message', async () => {
    const store = scriptedStore(world.ports.commands);
    const loop = loopOn(store);

    const fates = await fatesOf(ids.map((msgId) => loop.submit([sendSample({ msgId, retryKey: key })])));

    expect(fates).toMatchObject([ok, sentBefore, sentBefore]);
    expect(store.commits.map((units) => units.map(({ retryKeys }) => retryKeys))).toEqual([
      [[{ event: 0, key }]],
    ]);
  });

  it('race, send and send again on two nodes: the other’s is found', async () => {
    const store = scriptedStore(world.ports.commands, async (_, nth): Promise<Fate> => {
      if (nth === 1) await world.one(sendSample({ msgId: ids[0], retryKey: key }));
      return 'written';
    });

    const [outcome] = await loopOn(store).submit([sendSample({ msgId: ids[1], retryKey: key })]);

    expect(outcome).toEqual(sentBefore);
    expect(await world.ports.retryKeys.find(1, key)).toMatchObject({ msgId: ids[0] });
  });

  it('twice in one unit sends once', async () => {
    const outcomes = await world.loop.submit([
      sendSample({ msgId: ids[0], retryKey: key }),
      sendSample({ msgId: ids[1], retryKey: key }),
      sendSample({ msgId: ids[2], retryKey: 'u1 web 2' }),
    ]);

    expect(outcomes).toMatchObject([ok, sentBefore, ok]);
    expect(await world.ports.retryKeys.find(1, 'u1 web 2')).toMatchObject({ msgId: ids[2] });
  });

  it('after a unit that failed in the same batch is sending', async () => {
    const broken = {
      ...sendSample({ msgId: ids[1] }),
      get contentKind(): never {
        throw new Error('a bug in a decider');
      },
    };
    const submits = [
      world.loop.submit([sendSample({ msgId: ids[0], retryKey: key }), broken]),
      world.loop.submit([sendSample({ msgId: ids[2], retryKey: key })]),
    ];

    expect(await fatesOf(submits)).toMatchObject(['a bug in a decider', ok]);
    expect(await world.ports.retryKeys.find(1, key)).toMatchObject({ msgId: ids[2] });
  });

  it('by a member who has left meanwhile still finds the first message', async () => {
    const toGroup = { ...inGroup, from: 'u2', authority: 'user', retryKey: key } as const;
    await world.one<'SendMessage'>(sendSample({ msgId: ids[0], ...toGroup }));
    await world.ports.chats.removeMembers(1, { kind: 'groupchat', id: 'g1' }, ['u2']);

    expect(await world.one<'SendMessage'>(sendSample({ msgId: ids[1], ...toGroup }))).toEqual(sentBefore);
    expect(await world.one<'SendMessage'>(sendSample({ msgId: ids[2], ...toGroup, retryKey: null }))).toEqual(
      { ok: false, code: 'notMember' },
    );
  });
});

describe('acknowledging', () => {
  it('in the batch of the sending is told: the message goes first', async () => {
    const submits = [
      world.loop.submit([sendSample({ msgId: ids[0] })]),
      world.loop.submit([ackSample({ msgId: ids[0], ackId: ids[1] })]),
    ];

    expect(await fatesOf(submits)).toMatchObject([
      ok,
      { ok: true, events: [{ type: 'MessageAcknowledged' }] },
    ]);
  });

  it('race, two devices of one user: the author hears once', async () => {
    await world.one<'SendMessage'>(sendSample({ msgId: ids[0] }));
    const said = (ackId: string, originDevice: string) => ackSample({ msgId: ids[0], ackId, originDevice });
    const store = scriptedStore(world.ports.commands, async (_, nth): Promise<Fate> => {
      if (nth === 1) await world.one(said(ids[1], 'phone'));
      return 'written';
    });

    const [outcome] = await loopOn(store).submit([said(ids[2], 'web')]);

    expect(outcome).toEqual({ ok: true, events: [] });
    expect(await typesOf()).toEqual(['MessageSent', 'MessageAcknowledged']);
  });

  it('in a group goes by the roles as the store has them, and keeps what is said', async () => {
    await world.one<'SendMessage'>(sendSample({ msgId: ids[0], ...inGroup, directedTo: ['u2'] }));
    const content = textContent('seen it');

    for (const [by, ackId] of [
      ['u2', ids[1]],
      ['u3', ids[2]],
    ] as const) {
      await world.one(ackSample({ msgId: ids[0], ackId, by, content, ...inGroup }));
    }

    expect(await typesOf()).toEqual(['MessageSent', 'MessageAcknowledged']);
    expect([...(await world.ports.contents.read(1, ids.slice(1))).keys()]).toEqual([ids[1]]);
  });
});

describe('reading a conversation', () => {
  it('in the batch of a sending claims no more than was there before', async () => {
    await world.one<'SendMessage'>(sendSample({ msgId: ids[0] }));

    await Promise.all([
      world.loop.submit([sendSample({ msgId: ids[1] })]),
      world.loop.submit([readSample({ noticeId: ids[2] })]),
    ]);

    expect((await world.conversations('u2')).map(({ unread }) => unread)).toEqual([1]);
  });
});

describe('what stands in a timeline', () => {
  it('is each event that tells of an item, in the timeline of those whom it concerns', async () => {
    const commands: readonly Command[] = [
      sendSample({ msgId: ids[0] }),
      sendSample({ msgId: ids[1], ...inGroup }),
      ackSample({ msgId: ids[0] }),
      readSample({ noticeId: world.ids.next() }),
      readSample({ noticeId: world.ids.next(), kind: 'groupchat', channel: 'g1' }),
      deleteSample({ noticeId: world.ids.next() }),
      deleteSample({ user: 'u2', channel: 'u1', noticeId: null }),
      recallSample({ msgId: ids[0] }),
      endSample(),
    ];
    for (const command of commands) await world.one(command);

    const { events } = await world.ports.log.read({ after: 0, limit: 100 });

    const pair = pairTimeline('u1', 'u2');
    expect(events.map(({ type, timeline }) => [type, timeline])).toEqual([
      ['MessageSent', pair],
      ['MessageSent', groupTimeline('g1')],
      ['MessageAcknowledged', userTimeline('u1')],
      ['ConversationRead', pair],
      ['ConversationRead', userTimeline('u2')],
      ['ConversationDeleted', userTimeline('u1')],
      ['ConversationDeleted', undefined],
      ['MessageRecalled', pair],
      ['SessionsEnded', undefined],
    ]);
    for (const event of events) expect(event.timeline === undefined).toBe(itemIdOf(event) === undefined);
  });
});
