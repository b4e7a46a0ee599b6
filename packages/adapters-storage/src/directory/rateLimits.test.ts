import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RateUse } from '@recalld/domain';
import { appSample, sampleInstant as start } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';

const recall: RateUse = { limit: 'recallsPerSecond', user: null, count: 1, max: 30 };
const listing = (user: string): RateUse => ({
  limit: 'conversationListsPerMinuteAndUser',
  user,
  count: 1,
  max: 5,
});
const minuteMs = 60_000;
let store: TestStore;

function rateSuite(open: () => Promise<TestStore>): void {
  beforeEach(async () => {
    store = await open();
    await store.nodes[0].apps.create(appSample());
  });

  afterEach(() => store.close());

  it('race, take and take at two nodes: the sum over both is the limit', async () => {
    const takes = Array.from({ length: 100 }, async (_, n) => {
      const node = store.nodes[n % 2 === 0 ? 0 : 1];
      // Several rounds, so that the nodes' transactions meet in every order.
      const taken = [];
      for (let round = 0; round < 3; round += 1) {
        taken.push(await node.rateLimits.take(1, [listing(`u${n % 7}`), recall], start + (n % 10)));
      }
      return taken;
    });

    const taken = (await Promise.all(takes)).flat();

    expect(taken.filter(({ ok }) => ok)).toHaveLength(30);
    expect(await store.run("select used from rate_windows where bucket = 'recallsPerSecond'")).toEqual([
      { used: 30 },
    ]);
    const users = await store.run(
      "select sum(used) as used, max(used) as most from rate_windows where bucket like '%/%'",
    );
    expect(users).toEqual([{ used: 30, most: 5 }]);
  });

  it('given a limit set at one node, then the other one’s app has it', async () => {
    const [one, other] = store.nodes;
    await other.apps.find('demo-org', 'demo-app');

    await one.rateLimits.change(1, { recallsPerSecond: 3 });

    expect((await other.apps.find('demo-org', 'demo-app'))?.rateLimits).toEqual({ recallsPerSecond: 3 });
  });

  it('given windows that are long over, then uses leave them, and those of every app are forgotten', async () => {
    const [{ rateLimits }, other] = store.nodes;
    await rateLimits.take(1, [listing('u1'), listing('u2')], start);
    await rateLimits.take(1, [listing('u4')], start + 12 * minuteMs);
    await other.rateLimits.take(1, [listing('u4')], start + 22 * minuteMs);
    expect(await store.run('select count(*) as there from rate_windows')).toEqual([{ there: 3 }]);

    expect(await other.rateLimits.forget(start + 20 * minuteMs, 100)).toBe(2);

    expect(await store.run('select bucket, used from rate_windows order by bucket')).toEqual([
      { bucket: 'conversationListsPerMinuteAndUser/u4', used: 1 },
    ]);
  });

  it('given a write that fails, then who asked is told so, and the next one is counted', async () => {
    const [{ rateLimits }] = store.nodes;
    await store.run('alter table rate_windows rename to away');
    const failing = [1, 2].map(() => rateLimits.take(1, [recall], start));
    for (const failed of await Promise.allSettled(failing)) expect(failed.status).toBe('rejected');
    await store.run('alter table away rename to rate_windows');

    expect(await rateLimits.take(1, [recall], start)).toEqual({ ok: true });
  });

  it('given a window that nobody used, as one that was refused has it, then it is forgotten like others', async () => {
    const [{ rateLimits }] = store.nodes;
    const refused = await rateLimits.take(1, [{ ...listing('u1'), count: 6 }], start);
    expect(refused.ok).toBe(false);

    expect(await rateLimits.forget(start, 100)).toBe(1);

    expect(await store.run('select bucket from rate_windows')).toEqual([]);
  });

  it('finds the windows that are over by an index', async () => {
    if (store.kind === 'postgres') await store.run('set enable_seqscan = off');
    const explain = { sqlite: 'explain query plan', postgres: 'explain' }[store.kind];

    const plan = await store.run(
      `${explain} select app_no, bucket from rate_windows where window_start < 7 order by window_start limit 9`,
    );

    expect(JSON.stringify(plan)).toContain('rate_windows_start');
  });
}

describe('rate limits on SQLite', () => rateSuite(sqliteStore));

describe.skipIf(!postgresAvailable)('rate limits on PostgreSQL', () => {
  rateSuite(postgresStore);

  it('given somebody who holds a window, then uses wait for it on one connection, and are counted', async () => {
    const [{ rateLimits }] = store.nodes;
    await rateLimits.take(1, [recall], start);
    await store.run('begin');
    await store.run('select used from rate_windows for update');
    const takes: Promise<{ readonly ok: boolean }>[] = [];
    // More turns than the node has connections.
    for (let turn = 0; turn < 40; turn += 1) {
      takes.push(rateLimits.take(1, [recall], start));
      await nextTurn();
    }

    expect(await rateLimits.change(1, { recallsPerSecond: 1 })).toEqual({ recallsPerSecond: 1 });
    await store.run('commit');

    expect((await Promise.all(takes)).filter(({ ok }) => ok)).toHaveLength(29);
  });

  it('given somebody who holds a window that is over, then forgetting waits for nobody, and leaves it', async () => {
    const [{ rateLimits }] = store.nodes;
    await rateLimits.take(1, [listing('u1'), listing('u2')], start);
    await store.run('begin');
    await store.run("select used from rate_windows where bucket like '%/u1' for update");

    expect(await rateLimits.forget(start + 1, 100)).toBe(1);

    await store.run('commit');
    expect(await rateLimits.forget(start + 1, 100)).toBe(1);
  });
});
