import { beforeEach, describe, expect, it } from 'vitest';
import type { Unit } from '../ports/commandStore.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import {
  appSample,
  changeRule,
  createMemoryStorage,
  fatesOf,
  idAt,
  loopOn,
  ruleSample,
  sampleInstant,
  scriptedStore,
  tellSample,
  testSample,
  wholeLog,
} from '../testing/index.js';
import type { Fate } from '../testing/index.js';
import type { PlanDeliveries } from './decideUnit.js';

let ports: StoragePorts;
const suspended = { status: 'suspended', since: 0, probes: 0, probeAt: 0 } as const;
const testId = (n: number) => idAt(sampleInstant, 100 + n);

/** A loop that plans a test to its rule, in the order that the log has it. */
const planTests: PlanDeliveries = (decided, rules) =>
  decided.flatMap((event, index) =>
    event.type !== 'CallbackRuleTested'
      ? []
      : rules
          .filter(({ id }) => id === event.data.ruleId)
          .map((rule) => ({ rule, events: [index], orderKey: null })),
  );

function setUp(fateOf?: (units: readonly Unit[], nth: number) => Fate) {
  const store = scriptedStore(ports.commands, fateOf);
  return { store, loop: loopOn(store, { plan: planTests }) };
}

const typesInLog = async () => (await wholeLog(ports)).map(({ type }) => type);

beforeEach(async () => {
  ports = createMemoryStorage();
  await ports.apps.create(appSample());
  await ports.rules.create(ruleSample(1, 'r1'));
  await ports.rules.create(ruleSample(1, 'r2'));
});

describe('testing a rule', () => {
  it('makes one delivery of that rule, which tells of the test', async () => {
    const { loop } = setUp();

    const [outcome] = await loop.submit([testSample({ ruleId: 'r2', recallId: testId(1) })]);

    const position = outcome?.ok ? (outcome.events[0]?.position ?? 0) : 0;
    const deliveries = await ports.deliveryReader.startingAt(1, position);
    expect(deliveries).toMatchObject([
      { rule: { id: 'r2' }, events: [{ type: 'CallbackRuleTested', data: { recallId: testId(1) } }] },
    ]);
  });

  it('is refused for a rule that is removed or not enabled', async () => {
    const { loop } = setUp();
    await changeRule(ports.rules, 1, 'r1', { enabled: false }, sampleInstant);
    await ports.rules.remove(1, 'r2');

    const fates = await fatesOf(
      ['r1', 'r2', 'r3'].map((ruleId, n) => loop.submit([testSample({ ruleId, recallId: testId(n) })])),
    );

    expect(fates).toEqual(Array(3).fill({ ok: false, code: 'ruleNotEnabled' }));
    expect(await typesInLog()).toEqual([]);
  });

  it.each(['unknownWritten', 'unknownLost'] as const)(
    'given a commit whose outcome is not known (%s), then each test is sent once',
    async (fate) => {
      const { loop } = setUp((_, nth) => (nth === 1 ? fate : 'written'));

      const fates = await fatesOf(
        [1, 2, 3].map((n) => loop.submit([testSample({ recallId: testId(n), msgId: testId(n + 10) })])),
      );

      expect(fates).toMatchObject(Array(3).fill({ ok: true }));
      expect(await typesInLog()).toEqual(Array(3).fill('CallbackRuleTested'));
      const { entities } = await ports.deliveryReader.page({ app: 1, limit: 10 });
      expect(entities).toHaveLength(3);
    },
  );

  it('does not read what became of earlier tests', async () => {
    const { loop, store } = setUp();
    for (const n of [1, 2]) await loop.submit([testSample({ recallId: testId(n) })]);

    expect(store.loads.flat().map(({ streams }) => streams)).toEqual(
      [1, 2].map((n) => [`callback-rule-test/${testId(n)}`]),
    );
  });
});

describe('telling a rule’s owner', () => {
  it('records a suspension once, however often it is told in one batch', async () => {
    const { loop } = setUp();

    const fates = await fatesOf([1, 2, 3].map(() => loop.submit([tellSample({ health: suspended })])));

    expect(fates).toMatchObject([
      { ok: true, events: [{ type: 'CallbackRuleSuspended' }] },
      { ok: true, events: [] },
      { ok: true, events: [] },
    ]);
    expect(await typesInLog()).toEqual(['CallbackRuleSuspended']);
  });

  it('given a commit whose outcome is not known, then it is recorded once', async () => {
    const { loop } = setUp((_, nth) => (nth === 1 ? 'unknownWritten' : 'written'));

    await loop.submit([tellSample({ health: suspended })]);
    await loop.submit([tellSample()]);

    expect(await typesInLog()).toEqual(['CallbackRuleSuspended', 'CallbackRuleResumed']);
  });

  it('does not need the rule to be there still', async () => {
    const { loop } = setUp();
    await ports.rules.remove(1, 'r1');

    expect(await loop.submit([tellSample({ health: suspended })])).toMatchObject([{ ok: true }]);
  });
});
