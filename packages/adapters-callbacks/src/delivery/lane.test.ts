import { describe, expect, it } from 'vitest';
import { claimSample } from '../testing/samples.js';
import { Lane } from './lane.js';

function laneWith(count: number): Lane {
  const lane = new Lane();
  for (let n = 0; n < count; n += 1) lane.add(claimSample());
  return lane;
}

/** Sends everything that may be sent at once, again and again; each request takes `tookMs`. */
function run(lane: Lane, from: number, rounds: number, tookMs: number, answered = true): number {
  let now = from;
  for (let round = 0; round < rounds; round += 1) {
    const started = lane.start(Infinity, now);
    now += tookMs;
    for (const { id } of started) lane.end(id, now, answered);
  }
  return now;
}

describe('the lane of one rule', () => {
  it('sends in order, a few at first, and never more than asked', () => {
    const deliveries = Array.from({ length: 20 }, () => claimSample());
    const lane = new Lane();
    for (const delivery of deliveries) lane.add(delivery);

    expect(lane.start(3, 0)).toEqual(deliveries.slice(0, 3));
    expect(lane.start(Infinity, 0)).toEqual(deliveries.slice(3, 8));
    expect(lane.start(Infinity, 0)).toEqual([]);
    expect(lane.waiting).toBe(12);
  });

  it('sends up to 64 at a time to a quick receiver, and lets any number wait', () => {
    const lane = laneWith(2_000);

    const now = run(lane, 0, 5, 20);

    expect(lane.start(Infinity, now).length).toBe(64);
    expect(lane.takeSurplus(now)).toEqual([]);
  });

  it('sends 8 at a time to a slow receiver, and lets one round more wait', () => {
    const lane = laneWith(2_000);

    const now = run(lane, run(lane, 0, 5, 20), 5, 2_000);

    expect(lane.start(Infinity, now).length).toBe(8);
    expect(lane.takeSurplus(now).length).toBeGreaterThan(1_000);
    expect(lane.waiting).toBe(8);
  });

  it('sends one at a time to a receiver that never answers', () => {
    const lane = laneWith(100);

    const now = run(lane, 0, 4, 10_000, false);

    expect(lane.start(Infinity, now).length).toBe(1);
    lane.takeSurplus(now);
    expect(lane.waiting).toBe(1);
  });

  it('sees a hanging receiver before its requests are over', () => {
    const lane = laneWith(100);
    lane.start(Infinity, 0);

    expect(lane.takeSurplus(499)).toEqual([]);
    expect(lane.takeSurplus(500).length).toBe(84);
    expect(lane.waiting).toBe(8);
  });

  it('keeps what goes back away for about two rounds, at most 20 s', () => {
    const lane = laneWith(10);
    lane.start(Infinity, 0);

    expect([0, 500, 3_000, 60_000].map((now) => lane.awayMs(now))).toEqual([500, 1_000, 6_000, 20_000]);
  });

  it('becomes quick again once the receiver is', () => {
    const lane = laneWith(2_000);

    const now = run(lane, run(lane, 0, 3, 10_000, false), 12, 10);

    expect(lane.start(Infinity, now).length).toBe(64);
    expect(lane.takeSurplus(now)).toEqual([]);
  });

  it('gives out what still waits, picked by the caller', () => {
    const [first, second] = [claimSample(), claimSample()];
    const lane = new Lane();
    lane.add(first);
    lane.add(second);

    expect(lane.takeWaiting(({ id }) => id === second.id)).toEqual([second]);
    expect(lane.takeWaiting(() => true)).toEqual([first]);
    expect(lane.idle).toBe(true);
  });

  it('is idle when nothing waits and nothing is under way', () => {
    const lane = laneWith(1);
    const [started] = lane.start(Infinity, 0);

    expect(lane.idle).toBe(false);
    lane.end(started?.id ?? '', 1, true);
    expect(lane.idle).toBe(true);
  });
});
