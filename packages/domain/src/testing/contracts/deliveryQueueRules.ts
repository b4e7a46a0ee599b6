import { beforeEach, describe, expect, it } from 'vitest';
import type { CallbackRuleChange } from '../../ports/callbackRules.js';
import { changeRule } from '../rules.js';
import { ruleSample } from '../samples.js';
import type { World } from '../world.js';
import { claim, claimOne, dueAt, endOne, leaseMs, recallOne, settleAs, stateOf } from './deliverySupport.js';
import { allPages, useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** What a rule's own settings do to its deliveries: where they go, how many at a time, and whether at all. */
export function describeDeliveryQueueRules(name: string, harness: StorageHarness): void {
  describe(`DeliveryQueue, rules: ${name}`, () => {
    const world = useWorld(harness);
    const change = (changed: CallbackRuleChange) => {
      const { ports, app, clock } = world();
      return changeRule(ports.rules, app.no, 'r1', changed, clock.now());
    };
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describe('the rule that an attempt follows', () => describeRuleOfAttempt(world, change));
    describe('a rule that is not enabled', () => describeDisabled(world, change));
    describe('concurrencyMax', () => describeConcurrency(world, change));
    describe('a removed rule', () => describeRemoved(world, change));
  });
}

type Change = (changed: CallbackRuleChange) => Promise<unknown>;

function describeRuleOfAttempt(world: () => World, change: Change): void {
  it('is the rule as it now is: a corrected URL helps what is on its way', async () => {
    const at = await recallOne(world());
    const previousSecret = { sealed: 'sealed secret', until: at + 1000 };
    const tls = { ca: 'a PEM', client: { certificate: 'another PEM', sealedKey: 'sealed key' } };
    const changed = await change({ url: 'https://new.example.com/', previousSecret, tls });

    const [claimed] = await claim(world(), 'a', at);

    expect(claimed?.rule).toEqual(changed);
    expect(claimed?.rule).toMatchObject({ version: 2, previousSecret, tls });
  });

  it('is the rule as it was planned when the dialect has changed since', async () => {
    const { ports, app } = world();
    const planned = await ports.rules.find(app.no, 'r1');
    const at = await recallOne(world());
    const changed = await change({ dialect: 'tencent', url: 'https://other.example/' });

    const [claimed] = await claim(world(), 'a', at);
    await recallOne(world());
    const [next] = await claim(world(), 'a', world().clock.now());

    expect(claimed?.rule).toEqual(planned);
    expect(next?.rule).toEqual(changed);
  });

  it('is the last one of the dialect that was planned, once that has changed', async () => {
    const at = await recallOne(world());
    const url = 'https://new.example.com/';
    const corrected = await change({ url, sealedSecret: 'another one' });
    await change({ dialect: 'native', sealedSecret: 'a native one' });
    await change({ dialect: 'tencent', sealedSecret: null });

    const [claimed] = await claim(world(), 'a', at);

    expect(claimed?.rule).toEqual(corrected);
    await settleAs(world(), claimed?.id ?? '', 'refused', at);
    const back = await change({ dialect: 'easemob', sealedSecret: 'a third one' });
    const [again] = await claim(world(), 'a', at);
    expect(again?.rule).toEqual(back);
  });

  it('is the same for each attempt, whatever changed between them', async () => {
    await recallOne(world());
    await settleAs(world(), await claimOne(world()), 'refused');
    await change({ sealedSecret: 'another one', name: 'renamed' });

    const [claimed] = await claim(world(), 'a', world().clock.now());

    expect(claimed?.rule).toMatchObject({ sealedSecret: 'another one', name: 'renamed' });
  });
}

function describeDisabled(world: () => World, change: Change): void {
  it('holds its open deliveries, and sends them when it is enabled again', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'r2'));
    const at = await recallOne(world());
    await change({ enabled: false });

    expect((await ports.deliveries.due()).map(({ ruleId }) => ruleId)).toEqual(['r2']);
    expect((await claim(world(), 'a', at, 10, ['r1', 'r2'])).map(({ rule }) => rule.id)).toEqual(['r2']);

    await change({ enabled: true });
    expect(await dueAt(world())).toBe(at);
    expect(await claim(world(), 'a', at)).toHaveLength(1);
  });

  it('does not take over a lease that ran out, and loses no outcome of what was in hand', async () => {
    const at = await recallOne(world());
    const id = await claimOne(world());
    await change({ enabled: false });

    expect(await dueAt(world())).toBeUndefined();
    expect(await claim(world(), 'b', at + leaseMs)).toEqual([]);
    await settleAs(world(), id, 'accepted');

    expect(await stateOf(world(), id)).toEqual({ status: 'delivered', attempts: 1 });
  });
}

function describeConcurrency(world: () => World, change: Change): void {
  const recallThree = async () => {
    for (let n = 0; n < 3; n += 1) await recallOne(world());
    return world().clock.now();
  };

  it('bounds what all workers together have in hand', async () => {
    await change({ concurrencyMax: 2 });
    const at = await recallThree();

    const [held] = await claim(world(), 'a', at, 1);
    expect(await claim(world(), 'b', at)).toHaveLength(1);
    expect(await claim(world(), 'c', at)).toEqual([]);

    await settleAs(world(), held?.id ?? '', 'accepted');
    expect(await claim(world(), 'c', at)).toHaveLength(1);
  });

  it('counts no lease that ran out', async () => {
    await change({ concurrencyMax: 1 });
    const at = await recallThree();
    await claimOne(world());

    expect(await claim(world(), 'b', at + leaseMs - 1)).toEqual([]);
    expect(await claim(world(), 'b', at + leaseMs)).toHaveLength(1);
    expect(await claim(world(), 'c', at + leaseMs)).toEqual([]);
  });

  it('is each rule’s own, and null bounds nothing', async () => {
    const { ports, app } = world();
    await ports.rules.create(ruleSample(app.no, 'r2', { concurrencyMax: null }));
    await change({ concurrencyMax: 1 });
    const at = await recallThree();

    const claimed = await claim(world(), 'a', at, 10, ['r1', 'r2']);

    expect(claimed.map(({ rule }) => rule.id).toSorted()).toEqual(['r1', 'r2', 'r2', 'r2']);
  });

  it('race, claim and claim: several workers together take no more than the bound', async () => {
    await change({ concurrencyMax: 2 });
    for (let n = 0; n < 6; n += 1) await recallOne(world());
    const now = world().clock.now();

    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => claim(world(), owner, now, 2)));

    expect(claims.flat()).toHaveLength(2);
  });
}

/** Gives up what is left of removed rules, so many at a time; answers how many that were. */
async function giveUpAll({ ports }: World, max: number): Promise<number> {
  let all = 0;
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const givenUp = await ports.rules.giveUpRemoved(max);
    expect(givenUp).toBeLessThanOrEqual(max);
    if (givenUp === 0) return all;
    all += givenUp;
  }
  throw new Error('giving up ends');
}

function describeRemoved(world: () => World, change: Change): void {
  const listed = async (status: 'pending' | 'dead', ruleId?: string) => {
    const { ports, app } = world();
    const q = { app: app.no, status, limit: 2, ...(ruleId === undefined ? {} : { ruleId }) };
    const found = await allPages((from) =>
      ports.deliveryReader.page({ ...q, ...(from === undefined ? {} : { from }) }),
    );
    return found.flat().map(({ id, state }) => [id.split(':')[0], state.status, state.attempts]);
  };

  it('ends its open deliveries as dead, also those in a worker’s hands', async () => {
    const { ports, app, clock } = world();
    const done = await endOne(world(), 'accepted');
    await ports.rules.create(ruleSample(app.no, 'r2'));
    const leased = await recallOne(world()).then(() => claimOne(world()));
    await recallOne(world());

    await ports.rules.remove(app.no, 'r1');
    const settlement = await settleAs(world(), leased, 'accepted');

    expect(settlement).toEqual({ released: false, healthChanged: false });
    expect(await stateOf(world(), done)).toEqual({ status: 'delivered', attempts: 1 });
    expect(await stateOf(world(), leased)).toMatchObject({ status: 'dead' });
    expect((await ports.deliveries.due()).map(({ ruleId }) => ruleId)).toEqual(['r2']);
    const rest = await claim(world(), 'b', clock.now() + leaseMs, 10, ['r1', 'r2']);
    expect(rest.map(({ rule }) => rule.id)).toEqual(['r2', 'r2']);
  });

  it('shows all of its open ones as dead at once, and they stay so when they are given up', async () => {
    const { ports, app } = world();
    await change({ ordered: true });
    await ports.rules.create(ruleSample(app.no, 'r2'));
    await endOne(world(), 'dead');
    const refused = await recallOne(world()).then(() => claimOne(world()));
    await settleAs(world(), refused, 'refused');
    for (let n = 0; n < 3; n += 1) await recallOne(world());

    await ports.rules.remove(app.no, 'r1');

    const dead = [
      ...Array.from({ length: 3 }, () => ['r1', 'dead', 0]),
      ['r1', 'dead', 1],
      ['r1', 'dead', 13],
    ];
    const kept = Array.from({ length: 5 }, () => ['r2', 'waiting', 0]);
    const expectAll = async () => {
      expect(await listed('dead')).toEqual(dead);
      expect(await listed('dead', 'r1')).toEqual(dead);
      expect(await listed('pending')).toEqual(kept);
      expect(await listed('pending', 'r1')).toEqual([]);
      expect(await stateOf(world(), refused)).toEqual({ status: 'dead', attempts: 1 });
    };
    await expectAll();
    await giveUpAll(world(), 2);
    await expectAll();
    expect(await giveUpAll(world(), 2)).toBe(0);
  });

  it('lets no worker hold one for longer', async () => {
    const { ports, app, clock } = world();
    const leased = await recallOne(world()).then(() => claimOne(world()));

    await ports.rules.remove(app.no, 'r1');

    expect(await ports.deliveries.extend([leased], 'a', clock.now() + leaseMs)).toEqual([]);
  });
}
