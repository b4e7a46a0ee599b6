import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../events.js';
import { timelineOf } from '../message/message.js';
import { createMemoryStorage, createWorld, endSample, groupSample } from '../testing/index.js';
import type { World } from '../testing/index.js';
import type { LiveNews } from './listeners.js';
import { createLiveUpdates } from './liveUpdates.js';
import type { LiveUpdates } from './liveUpdates.js';

// Whoever comes and goes, however slow storage is: who listens misses nothing.

const users = ['u1', 'u2', 'u3'] as const;
const user = fc.constantFrom(...users);

type Act =
  | { readonly type: 'come' | 'end'; readonly user: string }
  | { readonly type: 'go' | 'step' }
  | { readonly type: 'fail'; readonly after: number }
  | { readonly type: 'send'; readonly user: string; readonly to: string };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('come' as const), user }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('go' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('step' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail' as const), after: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('end' as const), user }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('send' as const), user, to: fc.constantFrom(...users, 'g1') }),
  },
);

interface Ear {
  readonly user: string;
  readonly heard: LiveNews[];
  /** Where the log stood when it listened for sure; undefined before. */
  since: number | undefined;
  leave: () => void;
}

/** Storage that answers late, and now and then not at all: `isAway` is asked once for each read. */
function slowly(world: World, scheduler: fc.Scheduler, isAway: () => boolean): LiveUpdates {
  const { log, chatReader } = world.ports;
  const slow = <A extends unknown[], T>(ask: (...args: A) => Promise<T>) =>
    scheduler.scheduleFunction(async (...args: A) => {
      if (isAway()) throw new Error('storage is away');
      return await ask(...args);
    });
  return createLiveUpdates({
    log: { read: slow(log.read), horizon: slow(log.horizon) },
    chats: { membersNow: slow(chatReader.membersNow) },
  });
}

/** Whether an event concerns a user: of a group, u1 and u2 are members. */
function concerns(event: RecordedEvent, of: string): boolean {
  if (event.type === 'SessionsEnded') return event.data.user === of;
  if (event.type !== 'MessageSent') return false;
  const { from, chat } = event.data;
  return chat.kind === 'chat' ? from === of || chat.id === of : of !== 'u3';
}

function tells(news: LiveNews, event: RecordedEvent): boolean {
  if (news.kind === 'ended') return news.event.position === event.position;
  if (event.type !== 'MessageSent') return false;
  return news.timeline === timelineOf(event.data.from, event.data.chat) && news.position >= event.position;
}

describe('who listens', () => {
  it('hears of everything that is recorded after it listens, and of nothing that concerns others', () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(act, { maxLength: 25 }), async (scheduler, acts) => {
        const world = await createWorld(createMemoryStorage());
        await world.ports.chats.create(groupSample(world.app.no, 'g1', { owner: 'u1' }), ['u2']);
        /** How many reads go well before one fails. */
        let healthy = Infinity;
        const live = slowly(world, scheduler, () => {
          healthy -= 1;
          if (healthy >= 0) return false;
          healthy = Infinity;
          return true;
        });
        const ears = new Set<Ear>();

        const come = async (of: string) => {
          const ear: Ear = { user: of, heard: [], since: undefined, leave: () => ears.delete(ear) };
          const leave = await live.watch(world.app.no, of, (news) => ear.heard.push(news));
          ear.since = await world.ports.log.horizon();
          ear.leave = () => {
            leave();
            ears.delete(ear);
          };
          ears.add(ear);
        };
        const begin = (one: Act): Promise<unknown> => {
          switch (one.type) {
            case 'come':
              return come(one.user);
            case 'go':
              [...ears][0]?.leave();
              return Promise.resolve();
            case 'step':
              return live.step();
            case 'fail':
              healthy = one.after;
              return Promise.resolve();
            case 'end':
              return world.one(endSample({ user: one.user, now: world.clock.now() + ears.size }));
            case 'send':
              return world.send({
                from: one.user,
                to: one.to,
                chatKind: one.to === 'g1' ? 'groupchat' : 'chat',
              });
          }
        };
        const faults: unknown[] = [];
        const begun: Promise<unknown>[] = [];
        const sequence = scheduler.scheduleSequence(
          acts.map((one) => ({
            label: one.type,
            builder: async () => {
              begun.push(begin(one).catch((fault: unknown) => faults.push(fault)));
            },
          })),
        );
        await scheduler.waitFor(sequence.task);
        await scheduler.waitFor(Promise.all(begun));
        healthy = Infinity;
        while (await scheduler.waitFor(live.step()));

        for (const fault of faults) expect(fault).toMatchObject({ message: 'storage is away' });
        const { events } = await world.ports.log.read({ after: 0, limit: 1000 });
        for (const { user: of, heard, since } of ears) {
          const owed = events
            .filter(({ position }) => position > (since ?? 0))
            .filter((one) => concerns(one, of));
          expect(owed.filter((event) => !heard.some((news) => tells(news, event)))).toEqual([]);
          const foreign = heard.filter(
            (news) => !events.some((one) => concerns(one, of) && tells(news, one)),
          );
          expect(foreign).toEqual([]);
        }
      }),
      { numRuns: 500 },
    ));
});
