import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../events.js';
import { groupTimeline, pairTimeline, roomTimeline, userTimeline } from '../kernel/stream.js';
import {
  ackSample,
  createMemoryStorage,
  createWorld,
  endSample,
  groupSample,
  policySample,
  readSample,
  roomSample,
} from '../testing/index.js';
import type { World } from '../testing/index.js';
import type { LiveNews } from './listeners.js';
import { createLiveUpdates, isLiveNews } from './liveUpdates.js';
import type { LiveUpdates, LiveUpdatesDeps } from './liveUpdates.js';

const toGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const toRoom = { chatKind: 'chatroom', to: 'r1' } as const;
const pair = pairTimeline('u1', 'u2');

let world: World;
let live: LiveUpdates;

/** What somebody hears: timelines that have grown, reasons to leave. */
async function watch(user: string, on: LiveUpdates = live, app = world.app.no) {
  const heard: string[] = [];
  const leave = await on.watch(app, user, (news) => heard.push(textOf(news)));
  return { heard, leave };
}

function textOf(news: LiveNews): string {
  return news.kind === 'grown' ? news.timeline : news.event.data.reason;
}

/** Steps until there is nothing more. */
async function catchUp(on: LiveUpdates = live): Promise<void> {
  while (await on.step());
}

/** Live updates some of whose reading goes as a test wants. */
function liveOn(change: Partial<LiveUpdatesDeps['log']> & Partial<LiveUpdatesDeps['chats']>): LiveUpdates {
  const { log, chatReader } = world.ports;
  const { read = log.read, horizon = log.horizon, membersNow = chatReader.membersNow } = change;
  return createLiveUpdates({ log: { read, horizon }, chats: { membersNow } });
}

beforeEach(async () => {
  world = await createWorld(createMemoryStorage());
  await world.ports.chats.create(groupSample(world.app.no, 'g1', { owner: 'u1' }), ['u2']);
  await world.ports.chats.create(roomSample(world.app.no, 'r1', { owner: 'u1' }), ['u2']);
  live = liveOn({});
});

describe('who listens hears', () => {
  it('of a message: both of a pair, the members of a group or room, and nobody else', async () => {
    const [first, second, stranger] = [await watch('u1'), await watch('u2'), await watch('u3')];
    await world.send();
    await world.send(toGroup);
    await world.send(toRoom);
    await world.send({ from: 'u3', to: 'u3' });

    await catchUp();

    const all = [pair, groupTimeline('g1'), roomTimeline('r1')];
    expect([first.heard, second.heard, stranger.heard]).toEqual([all, all, [pairTimeline('u3', 'u3')]]);
  });

  it('on each of a user’s connections', async () => {
    const [phone, web] = [await watch('u2'), await watch('u2')];
    await world.send();

    await catchUp();

    expect([phone.heard, web.heard]).toEqual([[pair], [pair]]);
  });

  it('of recalls, of acknowledgements and readings, and of an order to leave; not of what concerns no client', async () => {
    const msgId = await world.send();
    const { heard } = await watch('u1');
    const now = world.clock.now();
    await world.one(policySample({ now }));
    await world.one(ackSample({ msgId, now }));
    await catchUp();
    await world.one(readSample({ now }));
    await world.recall(msgId);
    await catchUp();
    await world.one(endSample({ now, reason: 'passwordChanged' }));
    await catchUp();

    expect(heard).toEqual([userTimeline('u1'), pair, 'passwordChanged']);
  });

  it('of its own app alone', async () => {
    const other = await watch('u2', live, world.app.no + 1);
    const mine = await watch('u2');
    await world.send();

    await catchUp();

    expect([mine.heard, other.heard]).toEqual([[pair], []]);
  });

  it('of many messages in one chat once, and of where the newest stands', async () => {
    const news: LiveNews[] = [];
    await live.watch(world.app.no, 'u2', (one) => news.push(one));
    for (let n = 0; n < 20; n += 1) await world.send();

    await catchUp();

    expect(news).toEqual([{ kind: 'grown', timeline: pair, position: 20 }]);
  });

  it('nothing of history that is brought in', async () => {
    const { heard } = await watch('u2');
    await world.send({ flags: { imported: true } });

    await catchUp();

    expect(heard).toEqual([]);
  });

  it('nothing that was recorded before it listened, and nothing after it left', async () => {
    await world.send();
    const { heard, leave } = await watch('u2');
    const staying = await watch('u1');
    await catchUp();
    leave();
    await world.send();
    await catchUp();

    expect([heard, staying.heard]).toEqual([[], [pair]]);
  });
});

describe('while nobody listens', () => {
  it('nothing is read', async () => {
    const reads: number[] = [];
    const on = liveOn({
      read: (query) => {
        reads.push(query.after);
        return world.ports.log.read(query);
      },
    });
    await world.send();
    expect(await on.step()).toBe(false);

    const { leave } = await watch('u2', on);
    leave();
    leave();

    expect(await on.step()).toBe(false);
    expect(reads).toEqual([]);
  });

  it('what is recorded is passed over by who comes next', async () => {
    const { leave } = await watch('u2');
    leave();
    await world.send();

    const { heard } = await watch('u2');
    await catchUp();

    expect(heard).toEqual([]);
  });
});

describe('when something fails', () => {
  it('in a step, the next one tells of it again: nothing is lost', async () => {
    let away = true;
    const on = liveOn({
      membersNow: async (app, chat) => {
        if (away) throw new Error('storage is away');
        return await world.ports.chatReader.membersNow(app, chat);
      },
    });
    const { heard } = await watch('u2', on);
    await world.send();
    await world.send(toGroup);

    await expect(on.step()).rejects.toThrow('storage is away');
    away = false;
    await catchUp(on);

    expect(heard).toEqual([pair, pair, groupTimeline('g1')]);
  });

  it('in one listener, the others hear, and the next step goes on', async () => {
    await live.watch(world.app.no, 'u1', () => {
      throw new Error('a bug in a session');
    });
    const { heard } = await watch('u1');
    await world.send();
    await world.one(endSample());

    await expect(live.step()).rejects.toThrow('2 listeners threw');

    expect(heard).toEqual(['kicked', pair]);
    expect(await live.step()).toBe(false);
    expect(heard).toHaveLength(2);
  });

  it('as somebody begins to listen, it is told, and leaves nothing behind', async () => {
    let away = true;
    const on = liveOn({
      horizon: async () => {
        if (away) throw new Error('storage is away');
        return await world.ports.log.horizon();
      },
    });
    await expect(Promise.all([watch('u1', on), watch('u2', on)])).rejects.toThrow('storage is away');
    expect(await on.step()).toBe(false);

    away = false;
    const { heard } = await watch('u2', on);
    await world.send();
    await catchUp(on);

    expect(heard).toEqual([pair]);
  });
});

describe('steps', () => {
  /** Live updates whose reads wait until they are let through. */
  function gated() {
    const waiting: (() => void)[] = [];
    const on = liveOn({
      read: async (query) => {
        const answer = await world.ports.log.read(query);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return answer;
      },
    });
    /** Resolves when a read waits. */
    const reading = async () => {
      for (let turns = 0; waiting.length === 0 && turns < 100; turns += 1) await Promise.resolve();
      expect(waiting.length).toBeGreaterThan(0);
    };
    const letThrough = async () => {
      await reading();
      waiting.shift()?.();
    };
    return { on, waiting, reading, letThrough };
  }

  it('that come at once go one after the other', async () => {
    const { on, waiting, letThrough } = gated();
    const { heard } = await watch('u2', on);
    await world.send();
    const steps = [on.step(), on.step()];

    await letThrough();
    await steps[0];
    expect(waiting.length).toBeLessThanOrEqual(1);
    await letThrough();

    expect(await Promise.all(steps)).toEqual([true, false]);
    expect(heard).toEqual([pair]);
  });

  it('race, the last one leaves while a step is under way: nothing more is read', async () => {
    const { on, reading, letThrough } = gated();
    const { heard, leave } = await watch('u2', on);
    await world.send();
    const step = on.step();
    await reading();
    leave();
    await letThrough();
    await step;

    expect(await on.step()).toBe(false);
    expect(heard).toEqual([]);
  });

  it('race, the last one leaves and another comes while a step is under way: nothing is missed', async () => {
    const { on, reading, letThrough } = gated();
    const { leave } = await watch('u1', on);
    await world.send();
    const step = on.step();
    await reading();
    leave();
    const { heard } = await watch('u2', on);
    await world.send(toGroup);

    await letThrough();
    await step;
    const later = on.step();
    await letThrough();
    await later;

    expect(heard).toContain(groupTimeline('g1'));
  });
});

describe('the news', () => {
  it.each([
    ['MessageSent', true],
    ['MessageRecalled', true],
    ['MessageAcknowledged', true],
    ['ConversationRead', true],
    ['ConversationDeleted', true],
    ['RoamingDeleted', true],
    ['SessionsEnded', true],
    ['MessageExpired', false],
    ['AttachmentPurged', false],
    ['RecallPolicyChanged', false],
  ] as const satisfies readonly (readonly [RecordedEvent['type'], boolean])[])(
    'of %s is for clients: %s',
    (type, expected) => {
      expect(isLiveNews({ type })).toBe(expected);
    },
  );
});
