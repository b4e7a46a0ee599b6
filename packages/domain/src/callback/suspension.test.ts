import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import { attemptSample, sampleInstant as now } from '../testing/index.js';
import {
  attemptAt,
  attemptsAllowed,
  healthy,
  isNews,
  observe,
  observeSettled,
  probeCut,
  probeDelaysMs,
  probeNow,
  probing,
} from './suspension.js';
import type { RuleHealth } from './suspension.js';

const minute = 60_000;
const failing: RuleHealth = { status: 'failing', since: now };
const suspended = (change: object = {}): RuleHealth => ({
  status: 'suspended',
  since: now,
  probes: 0,
  probeAt: now + minute,
  ...change,
});

describe('the health of a rule', () => {
  it('fails from the first attempt that was refused', () => {
    const first = observe(healthy, 'refused', now);
    expect(first).toEqual(failing);
    expect(observe(first, 'refused', now + minute)).toBe(first);
  });

  it('is suspended by the first failure ten minutes after, and probed a minute later', () => {
    expect(limits.suspendAfterMs).toBe(10 * minute);
    const at = now + 10 * minute;
    expect(observe(failing, 'refused', at - 1)).toBe(failing);
    expect(observe(failing, 'refused', at)).toEqual(suspended({ probeAt: at + minute }));
  });

  it.each([healthy, failing, suspended(), suspended({ probes: 9, probeAt: now + 1e9 })])(
    'one success heals what is $status',
    (health) => {
      expect(observe(health, 'accepted', now)).toEqual(healthy);
    },
  );

  it('is the same object when nothing changed', () => {
    const health = suspended();
    expect(observe(healthy, 'accepted', now)).toBe(healthy);
    expect(observe(health, 'refused', now + 1e9)).toBe(health);
    expect(probing(failing, now)).toBe(failing);
    expect(probeNow(failing, now)).toBe(failing);
  });

  it('does not swallow a status that it does not know', () => {
    const unknown = { status: 'lost' } as unknown as RuleHealth;
    expect(() => observe(unknown, 'refused', now)).toThrow('invariant broken');
  });
});

describe('what settling a delivery says of its receiver', () => {
  const attempt = attemptSample();
  const waiting = { status: 'waiting', attempts: 1, dueAt: now } as const;

  it('is yes when it was delivered, and no when it waits again or is dead', () => {
    const delivered = { status: 'delivered', attempts: 1 } as const;
    expect(observeSettled(failing, { state: delivered, attempt }, now)).toEqual(healthy);
    expect(observeSettled(healthy, { state: waiting, attempt }, now)).toEqual(failing);
    expect(observeSettled(healthy, { state: { status: 'dead', attempts: 13 }, attempt }, now)).toEqual(
      failing,
    );
  });

  it('is nothing when the attempt was cut off', () => {
    expect(observeSettled(failing, { state: waiting }, now + 1e9)).toBe(failing);
    expect(observeSettled(healthy, { state: waiting }, now)).toBe(healthy);
  });

  it('is that its probe was not made, when that was cut off', () => {
    const probed = probing(probing(suspended(), now), now);
    const cut = observeSettled(probed, { state: waiting }, now + 5);
    expect(cut).toEqual(suspended({ probes: 1, probeAt: now + 5 }));
    expect(attemptsAllowed(cut, now + 5)).toBe(1);
    expect(probing(cut, now)).toEqual(probed);
  });

  it('is nothing when what was cut off was sent before the first probe', () => {
    const health = suspended();
    expect(observeSettled(health, { state: waiting }, now)).toBe(health);
  });

  it('makes no probe later than it was to be', () => {
    expect(probeCut(suspended({ probes: 1 }), now + 1e9)).toEqual(suspended());
  });
});

describe('news', () => {
  it('is a suspension or its end, and nothing else', () => {
    const all = [healthy, failing, suspended()];
    const news = all.flatMap((before) =>
      all.filter((after) => isNews(before, after)).map((after) => [before.status, after.status]),
    );
    expect(news).toEqual([
      ['healthy', 'suspended'],
      ['failing', 'suspended'],
      ['suspended', 'healthy'],
      ['suspended', 'failing'],
    ]);
  });
});

describe('a rule that is not suspended', () => {
  it.each([healthy, failing])('sends as much as it wants, when it is due ($status)', (health) => {
    expect(attemptsAllowed(health, now)).toBe(Infinity);
    expect(attemptAt(health, now + 5)).toBe(now + 5);
  });
});

describe('a suspended rule', () => {
  it('sends nothing until its probe, and then one request', () => {
    expect(attemptsAllowed(suspended(), now + minute - 1)).toBe(0);
    expect(attemptsAllowed(suspended(), now + minute)).toBe(1);
  });

  it('is due when its probe is, and something to send', () => {
    expect(attemptAt(suspended(), now)).toBe(now + minute);
    expect(attemptAt(suspended(), now + 5 * minute)).toBe(now + 5 * minute);
  });

  it('is probed less and less often, every ten minutes in the end', () => {
    expect(probeDelaysMs).toEqual([1, 2, 5, 10].map((minutes) => minutes * minute));
    let health = suspended({ probeAt: now });
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe += 1) {
      health = probing(health, now);
      waits.push(attemptAt(health, now) - now);
    }
    expect(waits).toEqual([2, 5, 10, 10, 10, 10].map((minutes) => minutes * minute));
    expect(health).toMatchObject({ since: now, probes: 6 });
  });

  it('may be probed at once when somebody believes that it works again, and starts over', () => {
    const probed = probeNow(suspended({ probes: 7, probeAt: now + 10 * minute }), now);

    expect(probed).toEqual(suspended({ probes: 0, probeAt: now }));
    expect(attemptsAllowed(probed, now)).toBe(1);
    expect(attemptAt(probing(probed, now), now)).toBe(now + 2 * minute);
  });
});

/** What happens to a rule, so many ms after what happened before. */
const step = fc.record({
  afterMs: fc.oneof(fc.nat(30_000), fc.nat(15 * minute)),
  outcome: fc.oneof(
    { weight: 4, arbitrary: fc.constant('refused' as const) },
    fc.constantFrom('accepted' as const, 'ask' as const),
  ),
});
const history = fc.array(step, { maxLength: 60 });

describe('over any history of attempts', () => {
  it('a rule is suspended only when nothing has succeeded for ten minutes, and not after a success', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let health: RuleHealth = healthy;
        let at = now;
        let lastSuccess = -Infinity;
        for (const { afterMs, outcome } of steps) {
          at += afterMs;
          if (outcome === 'ask') {
            health = probeNow(health, at);
            continue;
          }
          const before = health;
          health = observe(health, outcome, at);
          if (outcome === 'accepted') lastSuccess = at;
          if (outcome === 'accepted') expect(health).toEqual(healthy);
          if (isNews(before, health) && outcome === 'refused') {
            expect(at - lastSuccess).toBeGreaterThanOrEqual(limits.suspendAfterMs);
          }
          if (health.status !== 'healthy') expect(health.since).toBeGreaterThanOrEqual(lastSuccess);
        }
      }),
    );
  });

  it('probes that nobody asks for are a minute apart at least, and ten at most', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30_000), { maxLength: 300 }), (waits) => {
        let health: RuleHealth = suspended();
        let at = now;
        const probes: number[] = [now];
        for (const waitMs of waits) {
          at += waitMs;
          if (attemptsAllowed(health, at) === 0) continue;
          health = observe(probing(health, at), 'refused', at);
          probes.push(at);
        }
        const apart = probes.slice(1).map((probe, n) => probe - (probes[n] ?? 0));
        for (const ms of apart) expect(ms).toBeGreaterThanOrEqual(minute);
        for (const ms of apart) expect(ms).toBeLessThanOrEqual(10 * minute + 30_000);
      }),
    );
  });

  it('a rule that has something to send is never forgotten: it may send at the time that it names', () => {
    fc.assert(
      fc.property(history, fc.nat(1e9), (steps, dueIn) => {
        let health: RuleHealth = healthy;
        let at = now;
        for (const { afterMs, outcome } of steps) {
          at += afterMs;
          if (outcome !== 'ask') health = observe(probing(health, at), outcome, at);
        }
        const next = attemptAt(health, at + dueIn);
        expect(next).toBeLessThanOrEqual(at + Math.max(dueIn, 10 * minute));
        expect(attemptsAllowed(health, next)).toBeGreaterThan(0);
      }),
    );
  });
});
