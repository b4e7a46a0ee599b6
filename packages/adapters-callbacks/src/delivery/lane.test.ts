import { describe, expect, it } from 'vitest';
import { claimSample, ruleSample } from '../testing/samples.js';
import { Lane } from './lane.js';

function fill(lane: Lane, count: number): Lane {
  for (let n = 0; n < count; n += 1) lane.add(claimSample());
  return lane;
}

/** Takes what there is room for and sends it, round after round; each request takes `tookMs`. */
function run(lane: Lane, from: number, rounds: number, tookMs: number, accepted = true): number {
  let now = from;
  for (let round = 0; round < rounds; round += 1) {
    fill(lane, lane.room(now));
    const started = lane.start(Infinity, now);
    now += tookMs;
    for (const { id } of started) {
      lane.end(id, now, accepted);
      lane.letGo();
    }
  }
  for (let left = lane.takeWaiting(() => true).length; left > 0; left -= 1) lane.letGo();
  return now;
}

const untilQuick = (lane: Lane) => run(lane, 0, 5, 20);

describe('the lane of one rule', () => {
  it('sends in order, a few at first, and never more than asked', () => {
    const deliveries = Array.from({ length: 20 }, () => claimSample());
    const lane = new Lane();
    for (const delivery of deliveries) lane.add(delivery);

    expect(lane.start(3, 0)).toEqual(deliveries.slice(0, 3));
    expect(lane.start(Infinity, 0)).toEqual(deliveries.slice(3, 4));
    expect(lane.start(Infinity, 0)).toEqual([]);
    expect([lane.waiting, lane.underway, lane.held]).toEqual([16, 4, 20]);
  });

  it('takes four deliveries of a new receiver, and counts what is in hand until it is settled', () => {
    const lane = new Lane();
    expect([lane.pace(0), lane.room(0)]).toEqual(['trial', 4]);

    fill(lane, 3);
    expect(lane.room(0)).toBe(1);
    const [first] = lane.start(3, 0);
    lane.end(first?.id ?? '', 600, true);
    // Slow answers that are good double the requests at a time, up to eight: three are in hand.
    expect([lane.pace(600), lane.room(600)]).toEqual(['slow', 5]);
    lane.letGo();
    expect(lane.room(600)).toBe(6);
  });

  it('sends up to 64 at a time to a quick receiver, and holds eight rounds', () => {
    const lane = new Lane();
    const now = untilQuick(lane);

    expect([lane.pace(now), lane.room(now)]).toEqual(['quick', 512]);
    fill(lane, 512);
    expect(lane.start(Infinity, now).length).toBe(64);
    expect(lane.takeSurplus(now)).toEqual([]);
    expect(lane.room(now)).toBe(0);
  });

  it.each([
    ['is slow', 20, 2_000, true, 8],
    ['has always been slow', 2_000, 2_000, true, 8],
    ['never answers', 20, 10_000, false, 1],
    ['fails at once', 20, 5, false, 1],
  ])(
    'tries a receiver that %s with one request before it sends what it may',
    (_, first, then, accepted, slots) => {
      const lane = new Lane();
      const now = run(lane, run(lane, 0, 4, first), 6, then, accepted);

      expect([lane.pace(now), lane.room(now)]).toEqual(['trial', 1]);
      fill(lane, 20);
      expect(lane.start(Infinity, now).length).toBe(1);
      expect([lane.pace(now + 499), lane.start(Infinity, now + 499)]).toEqual(['trial', []]);
      expect(lane.pace(now + 500)).toBe('slow');
      expect(lane.start(Infinity, now + 500).length).toBe(slots - 1);
    },
  );

  it('keeps a receiver quick that fails now and then', () => {
    const lane = new Lane();
    const now = untilQuick(lane);
    fill(lane, 20);
    lane.start(20, now).forEach(({ id }, n) => {
      lane.end(id, now + 5, n % 3 > 0);
      lane.letGo();
    });

    expect(lane.pace(now + 5)).toBe('quick');
    expect(lane.room(now + 5)).toBeGreaterThan(64);
  });

  it('sees a hanging receiver before its requests are over, and gives out what waits for it', () => {
    const lane = new Lane();
    const now = untilQuick(lane);
    fill(lane, 100);
    lane.start(60, now);

    expect([lane.pace(now + 499), lane.takeSurplus(now + 499)]).toEqual(['quick', []]);
    // Four more than those sixty may be under way.
    expect([lane.pace(now + 500), lane.takeSurplus(now + 500).length]).toEqual(['slow', 36]);
    expect(lane.waiting).toBe(4);
  });

  it('becomes quick again once the receiver is', () => {
    const lane = new Lane();
    const now = run(lane, run(lane, 0, 6, 10_000, false), 20, 10);

    expect([lane.pace(now), lane.room(now)]).toEqual(['quick', 512]);
  });

  it('never has more in hand than its rule allows at a time, however quick the receiver is', () => {
    const lane = new Lane();
    const now = untilQuick(lane);
    const bounded = () => claimSample({ rule: ruleSample({ concurrencyMax: 2 }) });
    lane.add(bounded());

    expect(lane.room(now)).toBe(1);
    lane.add(bounded());
    lane.add(bounded());
    expect(lane.start(Infinity, now).length).toBe(2);
    expect(lane.room(now)).toBe(0);
  });

  it('leaves a receiver alone for as long as it asks, and keeps nothing waiting for it meanwhile', () => {
    const lane = new Lane();
    const now = untilQuick(lane);
    fill(lane, 20);
    const [first] = lane.start(1, now);
    lane.end(first?.id ?? '', now, false);
    lane.rest(now, 30_000);
    lane.rest(now, 10_000);

    expect([lane.restMs(now), lane.room(now), lane.start(Infinity, now)]).toEqual([30_000, 0, []]);
    expect([lane.takeSurplus(now).length, lane.waiting]).toEqual([19, 0]);
    for (let n = 0; n < 20; n += 1) lane.letGo();
    expect(lane.room(now + 29_999)).toBe(0);
    expect(lane.restMs(now + 30_000)).toBe(0);
    expect(lane.room(now + 30_000)).toBeGreaterThan(0);
  });

  it('leaves a receiver alone for a minute at most', () => {
    const lane = new Lane();
    lane.rest(1_000, 86_400_000);

    expect([lane.room(60_999), lane.room(61_000)]).toEqual([0, 4]);
  });

  it('gives out what still waits, picked by the caller', () => {
    const [first, second] = [claimSample(), claimSample()];
    const lane = new Lane();
    lane.add(first);
    lane.add(second);

    expect(lane.takeWaiting(({ id }) => id === second.id)).toEqual([second]);
    expect(lane.takeWaiting(() => true)).toEqual([first]);
    expect([lane.waiting, lane.held]).toEqual([0, 2]);
  });
});
