import { beforeEach, describe, expect, it } from 'vitest';
import { probeDelaysMs } from '../../callback/suspension.js';
import type { CallbackRuleChange } from '../../ports/callbackRules.js';
import { changeRule } from '../rules.js';
import { appSample, ruleSample } from '../samples.js';
import type { World } from '../world.js';
import { claim, claimOne, healthOf, recallOne, settleAs, suspendRule } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const [firstProbeMs = 0] = probeDelaysMs;

/** What a rule's owner does about its health, and is told of it. */
export function describeRuleHealthNews(name: string, harness: StorageHarness): void {
  describe(`RuleHealths, owners: ${name}`, () => {
    const world = useWorld(harness);
    beforeEach(async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));
    });

    describe('a change', () => describeChanges(world));
    describe('telling', () => describeTelling(world));
  });
}

function describeChanges(world: () => World): void {
  const tls = { ca: 'a PEM', client: null };
  const change = (changed: CallbackRuleChange) => {
    const { ports, app, clock } = world();
    return changeRule(ports.rules, app.no, 'r1', changed, clock.now());
  };
  beforeEach(async () => {
    await recallOne(world());
    await suspendRule(world());
    world().clock.advance(1000);
  });

  it.each([
    { url: 'https://corrected.example/' },
    { dialect: 'tencent' },
    { sealedSecret: 'another one' },
    { previousSecret: { sealed: 'sealed secret', until: 1 } },
    { tls },
  ] as const)('of %o lets a suspended rule make its next attempt now', async (changed) => {
    await change(changed);

    expect(await healthOf(world())).toMatchObject({
      status: 'suspended',
      probes: 0,
      probeAt: world().clock.now(),
    });
    expect(await claim(world(), 'a', world().clock.now())).toHaveLength(1);
  });

  it('of its switch does too', async () => {
    await change({ enabled: false });
    world().clock.advance(1000);
    await change({ enabled: true });

    expect(await healthOf(world())).toMatchObject({ probeAt: world().clock.now() });
  });

  it.each([
    { name: 'renamed' },
    { chatTypes: ['chat'] },
    { concurrencyMax: 3 },
    { ordered: true },
    { enabled: true },
    { url: ruleSample(1, 'r1').url },
  ] as const)('of %o does not', async (changed) => {
    const before = await healthOf(world());

    await change(changed);

    expect(await healthOf(world())).toEqual(before);
  });

  it('makes no healthy rule anything else', async () => {
    world().clock.advance(firstProbeMs);
    await settleAs(world(), await claimOne(world()), 'accepted');

    await change({ url: 'https://corrected.example/' });

    expect(await healthOf(world())).toEqual({ status: 'healthy' });
  });
}

function describeTelling(world: () => World): void {
  const untold = () => world().ports.ruleHealths.untold(10);
  const heal = async () => {
    world().clock.advance(firstProbeMs);
    await settleAs(world(), await claimOne(world()), 'accepted');
  };
  beforeEach(async () => {
    await recallOne(world());
  });

  it('knows whose owner was not told that it was suspended, and then resumed', async () => {
    const { ports, app } = world();
    expect(await untold()).toEqual([]);
    await suspendRule(world());
    const health = await healthOf(world());
    const news = { app: app.no, ruleId: 'r1', ruleName: 'rule r1' };

    expect(await untold()).toEqual([{ ...news, health }]);
    await ports.ruleHealths.told('r1', health ?? { status: 'healthy' });
    expect(await untold()).toEqual([]);

    await heal();
    expect(await untold()).toEqual([{ ...news, health: { status: 'healthy' } }]);
    await ports.ruleHealths.told('r1', { status: 'healthy' });
    expect(await untold()).toEqual([]);
  });

  it('given a crash after the event and before the word that it was told, then the resumption is told', async () => {
    const { ports } = world();
    await suspendRule(world());
    await heal();

    expect(await untold()).toMatchObject([{ ruleId: 'r1', health: { status: 'healthy' } }]);
    await ports.ruleHealths.told('r1', { status: 'failing', since: 1 });
    expect(await untold()).toEqual([]);
  });

  it('told of an older health: the newer one is still to be told', async () => {
    const { ports } = world();
    await suspendRule(world());
    const [before] = await untold();
    await heal();
    await ports.ruleHealths.told('r1', before?.health ?? { status: 'healthy' });

    expect(await untold()).toMatchObject([{ ruleId: 'r1', health: { status: 'healthy' } }]);
  });

  it('race, two tell, the slower one of an older health: the newer one is told once more', async () => {
    const { ports } = world();
    await suspendRule(world());
    const [older] = await untold();
    await heal();
    await ports.ruleHealths.told('r1', { status: 'healthy' });

    await ports.ruleHealths.told('r1', older?.health ?? { status: 'healthy' });

    expect(await untold()).toMatchObject([{ ruleId: 'r1', health: { status: 'healthy' } }]);
  });

  it('tells nothing new while probes fail', async () => {
    const { ports, clock } = world();
    await suspendRule(world());
    const [news] = await untold();
    await ports.ruleHealths.told('r1', news?.health ?? { status: 'healthy' });
    clock.advance(firstProbeMs);
    await settleAs(world(), await claimOne(world()), 'refused');

    expect(await untold()).toEqual([]);
  });

  it('names rules of all apps, so many at a time, and none that was removed', async () => {
    const { ports, app } = world();
    const other = await ports.apps.create(appSample({ name: 'other-app' }));
    const otherNo = typeof other === 'object' ? other.no : 0;
    await ports.rules.create(ruleSample(app.no, 'gone'));
    await ports.rules.create(ruleSample(otherNo, 'r2', { name: 'theirs' }));
    await suspendRule(world());
    await recallOne(world());
    await suspendRule(world(), 'gone');
    const msgId = await world().send({ app: otherNo });
    await world().recall(msgId, { app: otherNo });
    await suspendRule(world(), 'r2');
    await ports.rules.remove(app.no, 'gone');

    const all = await untold();

    expect(all.map((news) => [news.app, news.ruleId, news.ruleName]).toSorted()).toEqual([
      [app.no, 'r1', 'rule r1'],
      [otherNo, 'r2', 'theirs'],
    ]);
    expect(await ports.ruleHealths.untold(1)).toHaveLength(1);
  });
}
