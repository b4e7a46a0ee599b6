import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Durations, Tally } from './busyMetrics.js';

const named = { name: 'seconds', help: 'How long', labelNames: ['route', 'status'] };
const bounds = [0.1, 0.5, 2];

describe('durations', () => {
  it('read as those of prom-client do', async () => {
    const registry = new Registry();
    const theirs = new Histogram({ ...named, buckets: bounds, registers: [registry] });
    const ours = new Durations(named, bounds);
    const observed = [
      [0.1, '/a', 200],
      [0.125, '/a', 200],
      [7, '/a', 200],
      [0.25, '/"\\\n', 404],
    ] as const;
    for (const [seconds, route, status] of observed) {
      theirs.observe({ route, status }, seconds);
      ours.observe(seconds, route, status);
    }
    const lines = (text: string) => text.split('\n').filter((line) => line !== '');
    expect(lines(ours.text()).toSorted()).toEqual(lines(await registry.metrics()).toSorted());
  });
});

describe('a tally', () => {
  it('counts as a counter of prom-client does, from scrape to scrape', async () => {
    const [one, other] = [new Registry(), new Registry()];
    const theirs = new Counter({ ...named, registers: [one] });
    const ours = new Tally(other, named);
    for (const [route, status] of [
      ['/a', '200'],
      ['/a', '200'],
      ['/b', '200'],
    ] as const) {
      theirs.inc({ route, status });
      ours.count(route, status);
      expect(await other.metrics()).toBe(await one.metrics());
    }
  });
});
