import type { ClaimedDelivery } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { claimSample, ruleSample } from '../testing/samples.js';
import { Lanes } from './lanes.js';

/** 8 quick and 4 slow requests at a time, and 4 on trial; 1,024 deliveries for the quick ones to hold. */
const small = { underwayMax: 16, heldMax: 2_048 };

const ofRule = (id: string, count: number) =>
  Array.from({ length: count }, () => claimSample({ rule: ruleSample({ id }) }));

const count = (started: readonly ClaimedDelivery[], id: string) =>
  started.filter(({ rule }) => rule.id === id).length;

const ids = (deliveries: readonly ClaimedDelivery[]) => deliveries.map(({ id }) => id);

/** Takes one delivery of each rule through its lane. */
function send(lanes: Lanes, rules: readonly string[], from: number, tookMs: number, accepted = true): void {
  for (const rule of rules) {
    const deliveries = ofRule(rule, 1);
    lanes.add(deliveries);
    for (const delivery of lanes.start(from)) lanes.end(delivery, from + tookMs, accepted);
    lanes.letGo(ids(deliveries));
  }
}

/** Takes as many deliveries of each rule as there is room for. */
function take(lanes: Lanes, rules: readonly string[], now: number): void {
  lanes.add(lanes.room(new Set(rules), now).flatMap(({ ruleId, max }) => ofRule(ruleId, max)));
}

const named = (prefix: string, length: number) => Array.from({ length }, (_, n) => `${prefix}${n}`);

describe('the lanes of a worker', () => {
  it('start what every rule may have, whoever came first', () => {
    const lanes = new Lanes({ underwayMax: 512, heldMax: 2_048 });
    lanes.add(ofRule('a', 1_000));
    lanes.add(ofRule('b', 3));

    const started = lanes.start(0);

    expect([count(started, 'a'), count(started, 'b')]).toEqual([4, 3]);
  });

  it('take turns when there is not room for all', () => {
    const lanes = new Lanes({ underwayMax: 8, heldMax: 2_048 });
    send(lanes, ['a', 'b'], 0, 1);
    lanes.add([...ofRule('a', 100), ...ofRule('b', 100)]);

    const first = lanes.start(1);
    for (const delivery of first) lanes.end(delivery, 2, true);
    const second = lanes.start(2);

    expect([count(first, 'a'), count(first, 'b')]).toEqual([4, 0]);
    expect([count(second, 'a'), count(second, 'b')]).toEqual([0, 4]);
  });

  it('have something waiting until all is started or taken', () => {
    const lanes = new Lanes(small);
    expect(lanes.waiting).toBe(false);
    lanes.add(ofRule('a', 5));
    lanes.start(0);
    expect(lanes.waiting).toBe(true);

    expect(lanes.takeWaiting(() => true).length).toBe(1);

    expect(lanes.waiting).toBe(false);
  });

  it('take in a delivery once that is in hand already', () => {
    const lanes = new Lanes(small);
    const [delivery] = ofRule('a', 1);
    if (delivery === undefined) throw new Error('one delivery');
    lanes.add([delivery]);
    lanes.start(0);

    lanes.add([delivery]);
    expect(lanes.start(0)).toEqual([]);

    lanes.letGo([delivery.id]);
    lanes.add([delivery]);
    expect(lanes.start(0)).toEqual([delivery]);
  });

  it('remember how slow a receiver was while its lane is empty', () => {
    const lanes = new Lanes(small);
    send(lanes, ['slow'], 0, 10_000, false);

    expect(lanes.room(new Set(['slow']), 10_000)).toEqual([{ ruleId: 'slow', max: 1 }]);
  });

  it('give out the surplus of a hanging receiver alone', () => {
    const lanes = new Lanes({ underwayMax: 512, heldMax: 2_048 });
    send(lanes, ['hanging', 'quick'], 0, 1);
    lanes.add(ofRule('hanging', 60));
    lanes.start(0);
    lanes.add(ofRule('quick', 60));
    lanes.start(400);

    const surplus = lanes.takeSurplus(600);

    expect([count(surplus, 'hanging'), count(surplus, 'quick')]).toEqual([52, 0]);
  });
});

describe('the room for more deliveries', () => {
  it('is even among new receivers, and never more than may be under way', () => {
    const lanes = new Lanes({ underwayMax: 40, heldMax: 2_048 });

    expect(lanes.room(new Set(['a', 'b', 'c']), 0)).toEqual([
      { ruleId: 'a', max: 3 },
      { ruleId: 'b', max: 3 },
      { ruleId: 'c', max: 3 },
    ]);
  });

  it('goes round when there is not one for each', () => {
    const lanes = new Lanes(small);
    const rules = new Set(named('rule', 6));

    expect(lanes.room(rules, 0).map(({ ruleId }) => ruleId)).toEqual(['rule0', 'rule1', 'rule2', 'rule3']);
    expect(lanes.room(rules, 0).map(({ ruleId }) => ruleId)).toEqual(['rule4', 'rule5', 'rule0', 'rule1']);
  });

  it('is shared evenly by quick receivers, each up to eight rounds', () => {
    const lanes = new Lanes({ underwayMax: 512, heldMax: 48 });
    send(lanes, ['a', 'b'], 0, 1);

    expect(lanes.room(new Set(['a']), 1)).toEqual([{ ruleId: 'a', max: 24 }]);
    expect(lanes.room(new Set(['a', 'b']), 1)).toEqual([
      { ruleId: 'b', max: 12 },
      { ruleId: 'a', max: 12 },
    ]);
    lanes.add(ofRule('a', 20));
    expect(lanes.room(new Set(['b']), 1)).toEqual([{ ruleId: 'b', max: 4 }]);
    lanes.add(ofRule('b', 4));
    expect(lanes.room(new Set(['a', 'b']), 1)).toEqual([]);
  });

  it('for quick and new receivers stays, however many hang', () => {
    const lanes = new Lanes(small);
    send(lanes, ['quick'], 0, 1);
    const hanging = named('hanging', 100);
    take(lanes, hanging, 0);
    expect(lanes.start(0).length).toBe(4);
    take(lanes, hanging, 0);
    expect(lanes.start(0)).toEqual([]);

    // They are known as hanging by now, and make room for those that nobody knows yet.
    take(lanes, hanging, 600);
    expect(lanes.start(600).length).toBe(4);
    expect(lanes.room(new Set(['new', 'quick']), 1_200)).toEqual([
      { ruleId: 'quick', max: 64 },
      { ruleId: 'new', max: 4 },
    ]);
    lanes.add(ofRule('quick', 20));
    expect(count(lanes.start(1_200), 'quick')).toBe(8);
  });

  it('for a second request to those that let them wait is a quarter of what may be under way', () => {
    const lanes = new Lanes(small);
    const slow = named('slow', 6);
    for (const rule of slow) send(lanes, [rule], 0, 2_000);
    // They are tried again, four at a time.
    const started = [2_000, 2_500].flatMap((now) => {
      take(lanes, slow, now);
      return lanes.start(now);
    });
    expect(started.map(({ rule }) => rule.id)).toEqual(slow);
    expect(lanes.room(new Set(slow), 3_000)).toEqual([]);

    for (const delivery of started.slice(0, 3)) {
      lanes.end(delivery, 3_000, true);
      lanes.letGo([delivery.id]);
    }
    expect(lanes.room(new Set(slow.slice(3)), 3_000)).toEqual([{ ruleId: 'slow3', max: 1 }]);
  });

  it('comes back when a delivery is out of hand', () => {
    const lanes = new Lanes(small);
    const deliveries = ofRule('a', 4);
    lanes.add(deliveries);
    expect(lanes.room(new Set(['a']), 0)).toEqual([]);
    expect(lanes.held).toEqual(ids(deliveries));

    lanes.letGo(ids(deliveries.slice(1)));

    expect(lanes.held).toEqual(ids(deliveries.slice(0, 1)));
    expect(lanes.room(new Set(['a']), 0)).toEqual([{ ruleId: 'a', max: 3 }]);
  });
});
