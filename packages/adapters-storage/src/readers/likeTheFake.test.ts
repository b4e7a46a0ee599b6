import fc from 'fast-check';
import type { StoragePorts } from '@recalld/domain';
import { conversationTimeline } from '@recalld/domain';
import {
  createFixedClock,
  createMemoryStorage,
  createWorld,
  deleteRoamingSample,
  groupSample,
  readSample,
  sampleInstant,
} from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../sqliteStorage.js';
import { temporaryFolder } from '../testing/folders.js';

// The queries narrow down what `visible` decides, and count without it. So that they cannot drift from
// the rule, whole histories are told to SQLite and to the fake, which knows nothing but the rule.

const users = ['u1', 'u2', 'u3'];
const group = { kind: 'groupchat', id: 'g1' } as const;
const user = fc.nat(2);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      from: user,
      to: fc.nat(3),
      flag: fc.constantFrom('none', 'none', 'noRoam', 'onlineOnly', 'imported', 'unlisted'),
      lives: fc.option(fc.integer({ min: 1, max: 20 })),
      earlier: fc.nat(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('recall' as const), nth: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('delete' as const),
      user,
      peer: fc.nat(3),
      roaming: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('deleteRoaming' as const),
      user,
      nth: fc.nat(30),
      secondsAgo: fc.option(fc.nat(20)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('read' as const), user, peer: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('join' as const, 'leave' as const),
      user: fc.integer({ min: 1, max: 2 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const nameOf = (n: number) => users[n] ?? group.id;
const kindOf = (n: number) => (n < users.length ? 'chat' : 'groupchat');

/** Tells a history to a world; answers the world. */
async function told(ports: StoragePorts, steps: readonly Step[]): Promise<World> {
  const world = await createWorld(ports);
  await ports.chats.create(groupSample(world.app.no, group.id, { owner: 'u1' }), ['u2']);
  const sent: { readonly msgId: string; readonly from: number; readonly to: number }[] = [];
  for (const each of steps) {
    switch (each.type) {
      case 'send': {
        const now = world.clock.now() - each.earlier * 2_500;
        const msgId = await world.send({
          from: nameOf(each.from),
          to: nameOf(each.to),
          chatKind: kindOf(each.to),
          flags: each.flag === 'none' ? {} : { [each.flag]: true },
          expiresAt: each.lives === null ? null : now + each.lives * 1_000,
          contentKind: each.earlier === 1 ? 'img' : 'txt',
          now,
        });
        sent.push({ msgId, from: each.from, to: each.to });
        break;
      }
      case 'recall': {
        const message = sent[each.nth % Math.max(sent.length, 1)];
        if (message === undefined) break;
        const waive = { window: true, absence: true };
        await world.recall(message.msgId, { to: nameOf(message.to), chatKind: kindOf(message.to), waive });
        break;
      }
      case 'delete':
        await world.deleteConversation({
          user: nameOf(each.user),
          kind: kindOf(each.peer),
          channel: nameOf(each.peer),
          deleteRoaming: each.roaming,
        });
        break;
      case 'deleteRoaming': {
        const message = sent[each.nth % Math.max(sent.length, 1)];
        if (message === undefined) break;
        const { msgId, from, to } = message;
        const [reader, now] = [nameOf(each.user), world.clock.now()];
        const unwanted =
          each.secondsAgo === null
            ? ({ by: 'ids', msgIds: [msgId] } as const)
            : ({ by: 'time', sentThrough: now - each.secondsAgo * 1_000 } as const);
        await world.one<'DeleteRoaming'>(
          deleteRoamingSample({
            app: world.app.no,
            user: reader,
            kind: kindOf(to),
            channel: kindOf(to) === 'chat' && nameOf(to) === reader ? nameOf(from) : nameOf(to),
            unwanted,
            noticeId: world.ids.next(),
            now,
          }),
        );
        break;
      }
      case 'read': {
        const read = {
          user: nameOf(each.user),
          kind: kindOf(each.peer),
          channel: nameOf(each.peer),
        } as const;
        const noticeId = world.ids.next();
        await world.one<'ReadConversation'>(
          readSample({ app: world.app.no, noticeId, now: world.clock.now(), ...read }),
        );
        break;
      }
      case 'join':
        await ports.chats.addMembers(world.app.no, group, [nameOf(each.user)]);
        break;
      case 'leave':
        await ports.chats.removeMembers(world.app.no, group, [nameOf(each.user)]);
        break;
    }
  }
  return world;
}

/** Every page of a list, page by page, without the cursors: their text is each store's own. */
async function pages<T>(
  read: (from?: string) => Promise<{ readonly entities: readonly T[]; readonly cursor?: string }>,
): Promise<readonly (readonly T[])[]> {
  const all: (readonly T[])[] = [];
  let page = await read();
  all.push(page.entities);
  while (page.cursor !== undefined && all.length < 200) {
    page = await read(page.cursor);
    all.push(page.entities);
  }
  return all;
}

/** Everything that somebody can read, whoever it is. */
async function everythingSeen({ ports, app, clock }: World, limit: number): Promise<unknown> {
  const now = clock.now();
  const seen: unknown[] = [];
  for (const who of users) {
    seen.push(
      await pages((from) =>
        ports.timelines.conversations({
          app: app.no,
          user: who,
          limit,
          now,
          ...(from === undefined ? {} : { from }),
        }),
      ),
      await ports.timelines.unreadOneToOne(app.no, who, now),
    );
    for (const [n, order] of [...users, group.id].flatMap(
      (_, at) =>
        [
          [at, 'newestFirst'],
          [at, 'oldestFirst'],
        ] as const,
    )) {
      const timeline = conversationTimeline(who, kindOf(n), nameOf(n));
      const query = { app: app.no, timeline, user: who, order, limit, now } as const;
      const narrow = { contentKinds: ['txt'], sentFrom: now - 12_000, sentThrough: now - 3_000 } as const;
      for (const bounds of [{}, narrow]) {
        seen.push(
          await pages((from) =>
            ports.timelines.roaming({ ...query, ...bounds, ...(from === undefined ? {} : { from }) }),
          ),
        );
      }
    }
  }
  return seen;
}

describe('what SQLite shows', () => {
  it('is what the rule says, whatever happened: the same as the fake, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, limit) => {
          const folder = temporaryFolder();
          const clock = createFixedClock(sampleInstant);
          const storage = await openSqliteStorage({ dataDir: folder.dir, clock });
          try {
            const [sqlite, fake] = [await told(storage, steps), await told(createMemoryStorage(), steps)];
            expect(await everythingSeen(sqlite, limit)).toEqual(await everythingSeen(fake, limit));
          } finally {
            await storage.close();
            folder.remove();
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
