import { createCommandLoop, limits, retryDelaysMs, settle } from '@recalld/domain';
import type {
  AttemptOutcome,
  ClaimedDelivery,
  MsgId,
  PlanDeliveries,
  SettledDelivery,
} from '@recalld/domain';
import {
  attemptSample,
  createWorld,
  immediateTurn,
  planRecalls,
  recallSample,
  ruleSample,
} from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Storage } from '../storage.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';

type RuleChange = Parameters<typeof ruleSample>[2];

const accepted: AttemptOutcome = { kind: 'accepted' };
const refused: AttemptOutcome = { kind: 'refused', retryAfterMs: null };
const leaseMs = 1_000;

describe.skipIf(!postgresAvailable)('the deliveries of several nodes', () => {
  let a: Storage;
  let b: Storage;
  let world: World;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    const opened = await openTestStorage();
    const other = await openNode(opened.url);
    [a, b] = [opened.storage, other];
    world = await createWorld(a);
    remove = async () => {
      await other.close();
      await opened.remove();
    };
  });

  afterEach(() => remove());

  /** A node's own way to plan deliveries. */
  function recallAt(
    node: Storage,
    plan: PlanDeliveries = planRecalls,
  ): (msgIds: readonly MsgId[]) => Promise<void> {
    const loop = createCommandLoop({
      store: node.commands,
      plan,
      nextCommandId: () => `command ${world.ids.next()}`,
      nextTurn: immediateTurn,
    });
    return async (msgIds) => {
      const outcomes = await loop.submit(
        msgIds.map((msgId) =>
          recallSample({
            app: world.app.no,
            now: world.clock.now(),
            recallId: world.ids.next(),
            msgId,
            // The messages are older than a recall may be.
            waive: { window: true, absence: false },
          }),
        ),
      );
      expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    };
  }

  async function givenMessages(count: number): Promise<readonly MsgId[]> {
    const sent: MsgId[] = [];
    for (let n = 0; n < count; n += 1) sent.push(await world.send());
    return sent;
  }

  async function givenDeliveries(count: number, change: RuleChange = {}): Promise<void> {
    await a.rules.create(ruleSample(world.app.no, 'r1', change));
    await recallAt(a)(await givenMessages(count));
  }

  const claim = (node: Storage, owner: string, max: number, now = world.clock.now()) =>
    node.deliveries.claim({ rules: [{ ruleId: 'r1', max }], owner, now, leaseMs });

  const raceForThem = async (max: number, now?: number) =>
    (
      await Promise.all(
        ['a', 'b'].flatMap((owner) => [0, 1].map(() => claim(owner === 'a' ? a : b, owner, max, now))),
      )
    ).flat();

  function settled(held: ClaimedDelivery, outcome: AttemptOutcome, now: number): SettledDelivery {
    const state = settle(held.state, outcome, now, 0.5);
    const status = outcome.kind === 'accepted' ? 200 : 500;
    return { id: held.id, owner: held.state.owner, state, attempt: attemptSample({ status }) };
  }

  const open = async (): Promise<number> =>
    (await a.deliveryReader.page({ app: world.app.no, status: 'pending', limit: 1000 })).entities.length;

  /** Both nodes have had failures of two deliveries for nearly as long as it takes. */
  async function givenFailing(): Promise<{
    readonly held: readonly ClaimedDelivery[];
    readonly late: number;
  }> {
    await givenDeliveries(3);
    const now = world.clock.now();
    const first = await claim(a, 'a', 3);
    await a.deliveries.settle(
      first.map((held) => settled(held, refused, now)),
      now,
    );
    const late = now + limits.suspendAfterMs;
    return { held: [...(await claim(a, 'a', 1, late)), ...(await claim(b, 'b', 1, late))], late };
  }

  it('race, claim and claim: each delivery is handed out once', async () => {
    await givenDeliveries(60);

    const claimed: string[] = [];
    for (let found = await raceForThem(4); found.length > 0; found = await raceForThem(4)) {
      claimed.push(...found.map(({ id }) => id));
    }

    expect(claimed).toHaveLength(60);
    expect(new Set(claimed).size).toBe(60);
  });

  it('race, claim and claim: a rule has no more requests than it may have', async () => {
    await givenDeliveries(10, { concurrencyMax: 3 });

    expect(await raceForThem(2)).toHaveLength(3);
    expect(await raceForThem(2)).toEqual([]);
  });

  it('race, settle and settle: a rule is suspended once, and one of them tells of it', async () => {
    const { held, late } = await givenFailing();

    const settlements = await Promise.all(
      held.map((one, n) => (n === 0 ? a : b).deliveries.settle([settled(one, refused, late)], late)),
    );

    expect(settlements.filter(({ healthChanged }) => healthChanged)).toHaveLength(1);
    expect((await b.ruleHealths.ofApp(world.app.no)).get('r1')).toMatchObject({ status: 'suspended' });
    expect(await a.ruleHealths.untold(10)).toHaveLength(1);
  });

  it('given a suspended rule: one node probes it, and after its lease and a wait the other may', async () => {
    const { held, late } = await givenFailing();
    for (const one of held) await a.deliveries.settle([settled(one, refused, late)], late);
    const probeAt = late + limits.suspendAfterMs;

    expect(await raceForThem(5, probeAt)).toHaveLength(1);
    // Nobody settles it: its node was killed.
    expect(await raceForThem(5, probeAt + leaseMs)).toEqual([]);
    expect(await raceForThem(5, probeAt + limits.suspendAfterMs)).toHaveLength(1);
  });

  it('given a lease that another node has taken over, then settling it does nothing', async () => {
    await givenDeliveries(1);
    const now = world.clock.now();
    const [lost] = await claim(a, 'a', 1);
    const [taken] = await claim(b, 'b', 1, now + leaseMs);
    expect(lost?.id).toBe(taken?.id);
    if (lost === undefined || taken === undefined) return;

    const settlement = await a.deliveries.settle([settled(lost, accepted, now)], now);

    expect(settlement).toEqual({ released: false, healthChanged: false });
    const found = await a.deliveryReader.find(world.app.no, lost.id);
    expect(found).toMatchObject({ delivery: { state: taken.state }, attempts: [] });
    expect(await a.deliveries.extend([lost.id], 'a', now + 9_000)).toEqual([]);
    expect(await b.deliveries.extend([lost.id], 'b', now + 9_000)).toEqual([lost.id]);
  });

  it('race, plan and settle: none of a conversation stays behind, and none overtakes', async () => {
    const rounds = 200;
    await givenDeliveries(1, { ordered: true });
    const messages = await givenMessages(rounds);
    const plan = recallAt(b);
    const order: number[] = [];

    for (const msgId of messages) {
      const held = await claim(a, 'a', 5);
      expect(held).toHaveLength(1);
      const now = world.clock.now();
      await Promise.all([
        plan([msgId]),
        a.deliveries.settle(
          held.map((one) => settled(one, accepted, now)),
          now,
        ),
      ]);
      order.push(...held.map(({ events }) => events[0]?.position ?? 0));
    }

    const [last] = await claim(b, 'b', 5);
    expect(last).toBeDefined();
    expect(await open()).toBe(1);
    expect(order).toEqual([...order].sort((x, y) => x - y));
  }, 60_000);

  it('race, plan and plan: one of a conversation is due, even where none was open before', async () => {
    const rounds = 40;
    await a.rules.create(ruleSample(world.app.no, 'r1', { ordered: true }));
    // Nothing but their callbacks' order joins them: no stream, no timeline.
    const inOneOrder: PlanDeliveries = (decided, rules) =>
      planRecalls(decided, rules).map((delivery) => ({ ...delivery, orderKey: 'one order' }));
    const plans = [a, b].map((node) => recallAt(node, inOneOrder));

    for (let round = 0; round < rounds; round += 1) {
      const sent = [await world.send({ from: 'alice' }), await world.send({ from: 'bob' })];
      await Promise.all(plans.map((plan, n) => plan(sent.slice(n, n + 1))));

      for (let left = sent.length; left > 0; left -= 1) {
        const held = await claim(a, 'a', 5);
        expect(held).toHaveLength(1);
        const now = world.clock.now();
        await a.deliveries.settle(
          held.map((one) => settled(one, accepted, now)),
          now,
        );
      }
    }
  }, 60_000);

  it('race, plan many and settle many: each of many conversations is told in full', async () => {
    const conversations = 8;
    const rounds = 30;
    await a.rules.create(ruleSample(world.app.no, 'r1', { ordered: true }));
    const messages: MsgId[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const sent: MsgId[] = [];
      for (let n = 0; n < conversations; n += 1) sent.push(await world.send({ from: `user-${n}` }));
      // Not in the order in which they are settled.
      messages.push(round % 2 === 0 ? sent : sent.reverse());
    }
    const plan = recallAt(b);
    let delivered = 0;
    const deliver = async () => {
      const held = await claim(a, 'a', 100);
      const now = world.clock.now();
      await a.deliveries.settle(
        held.map((one) => settled(one, accepted, now)),
        now,
      );
      delivered += held.length;
      return held.length;
    };

    for (const sent of messages) await Promise.all([plan(sent), deliver()]);
    while ((await deliver()) > 0);

    expect(delivered).toBe(conversations * rounds);
    expect(await open()).toBe(0);
  }, 60_000);

  it('race, plan and remove: nothing of a removed rule stays open', async () => {
    const rounds = 30;
    const messages = await givenMessages(rounds * 3);
    const plan = recallAt(b);

    for (let round = 0; round < rounds; round += 1) {
      const id = `rule-${round}`;
      await a.rules.create(ruleSample(world.app.no, id, { ordered: round % 2 === 0 }));
      const sent = messages.slice(round * 3, round * 3 + 3);
      await Promise.all([...sent.map((msgId) => plan([msgId])), a.rules.remove(world.app.no, id)]);
      expect(await open()).toBe(0);
    }
  }, 60_000);

  it('given a removed rule with many open, then any node gives up so many at a time, each once', async () => {
    await givenDeliveries(5, { ordered: true });
    await a.rules.create(ruleSample(world.app.no, 'r2'));
    await recallAt(a)(await givenMessages(1));
    await claim(b, 'b', 1);
    await a.rules.remove(world.app.no, 'r1');
    await a.rules.remove(world.app.no, 'r2');

    const givenUp: number[] = [];
    for (const node of [a, b, a, a, b, a]) givenUp.push(await node.rules.giveUpRemoved(2));

    // Six of r1, one of r2; a node that finds nothing left of one rule goes on with the next one.
    expect(givenUp.reduce((sum, count) => sum + count)).toBe(7);
    expect(givenUp.at(-1)).toBe(0);
  });

  it('race, send again and remove: nothing of a removed rule stays open', async () => {
    const rounds = 30;
    const messages = await givenMessages(rounds);

    for (const [round, msgId] of messages.entries()) {
      const id = `rule-${round}`;
      await a.rules.create(ruleSample(world.app.no, id));
      await recallAt(a)([msgId]);
      const now = world.clock.now();
      const [held] = await a.deliveries.claim({ rules: [{ ruleId: id, max: 1 }], owner: 'a', now, leaseMs });
      if (held === undefined) throw new Error(`there is a delivery of ${id}`);
      const state = { status: 'dead', attempts: retryDelaysMs.length + 1 } as const;
      await a.deliveries.settle([{ ...settled(held, refused, now), state }], now);

      await Promise.all([b.redeliveries.one(world.app.no, held.id, now), a.rules.remove(world.app.no, id)]);

      expect(await open()).toBe(0);
    }
  }, 60_000);

  it('race, settle and remove: each of the rule’s deliveries is over', async () => {
    const rounds = 20;
    const messages = await givenMessages(rounds * 3);
    const plan = recallAt(a);

    for (let round = 0; round < rounds; round += 1) {
      const id = `rule-${round}`;
      await a.rules.create(ruleSample(world.app.no, id, { ordered: round % 2 === 0 }));
      await plan(messages.slice(round * 3, round * 3 + 3));
      const now = world.clock.now();
      const held = await b.deliveries.claim({ rules: [{ ruleId: id, max: 5 }], owner: 'b', now, leaseMs });
      const outcome = round % 4 < 2 ? accepted : refused;

      await Promise.all([
        b.deliveries.settle(
          held.map((one) => settled(one, outcome, now)),
          now,
        ),
        a.rules.remove(world.app.no, id),
      ]);

      expect(held.length).toBeGreaterThan(0);
      expect(await open()).toBe(0);
    }
  }, 60_000);
});
