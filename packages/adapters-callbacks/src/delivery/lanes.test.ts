import { describe, expect, it } from 'vitest';
import { claimSample, ruleSample } from '../testing/samples.js';
import { Lanes } from './lanes.js';

const ofRule = (id: string, count: number) =>
  Array.from({ length: count }, () => claimSample({ rule: ruleSample({ id }) }));

const count = (started: readonly { readonly rule: { readonly id: string } }[], id: string) =>
  started.filter(({ rule }) => rule.id === id).length;

describe('the lanes of a worker', () => {
  it('start what every rule may have, whoever came first', () => {
    const lanes = new Lanes();
    lanes.add(ofRule('a', 1_000));
    lanes.add(ofRule('b', 3));

    const started = lanes.start(512, 0);

    expect([count(started, 'a'), count(started, 'b')]).toEqual([8, 3]);
  });

  it('take turns when there is not room for all', () => {
    const lanes = new Lanes();
    lanes.add([...ofRule('a', 100), ...ofRule('b', 100)]);

    const first = lanes.start(4, 0);
    const second = lanes.start(4, 0);

    expect([count(first, 'a'), count(first, 'b')]).toEqual([4, 0]);
    expect([count(second, 'a'), count(second, 'b')]).toEqual([0, 4]);
  });

  it('have something waiting until all is started or taken', () => {
    const lanes = new Lanes();
    expect(lanes.waiting).toBe(false);
    lanes.add([...ofRule('a', 9), ...ofRule('b', 8)]);
    lanes.start(512, 0);
    expect(lanes.waiting).toBe(true);

    expect(lanes.takeWaiting(() => true).length).toBe(1);

    expect(lanes.waiting).toBe(false);
  });

  it('give back the surplus of a hanging receiver alone', () => {
    const lanes = new Lanes();
    lanes.add(ofRule('hanging', 100));
    lanes.start(512, 0);
    lanes.add(ofRule('quick', 100));
    lanes.start(512, 900);

    const surplus = lanes.takeSurplus(1_000);

    expect(
      surplus.map(({ deliveries, awayMs }) => [deliveries[0]?.rule.id, deliveries.length, awayMs]),
    ).toEqual([['hanging', 84, 2_000]]);
  });

  it('remember how slow a receiver was while its lane is empty', () => {
    const lanes = new Lanes();
    const [only] = ofRule('slow', 1);
    if (only === undefined) throw new Error('one delivery');
    lanes.add([only]);
    lanes.start(512, 0);
    lanes.end(only, 10_000, false);

    lanes.add(ofRule('slow', 100));

    expect(lanes.start(512, 10_000).length).toBe(4);
  });
});
