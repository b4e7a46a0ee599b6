import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../../callback/delivery.js';
import type { AttemptOutcome } from '../../callback/delivery.js';
import { never } from '../../kernel/assert.js';
import { limits } from '../../limits.js';
import type { ClaimedDelivery } from '../../ports/deliveryQueue.js';
import { changeRule } from '../rules.js';
import { attemptSample, ruleSample } from '../samples.js';
import { createWorld } from '../world.js';
import type { World } from '../world.js';
import { leaseMs, recallOne } from './deliverySupport.js';
import type { StorageHarness } from './support.js';

/** What happens to the deliveries of two rules, an ordered one and one without order. */
type Step =
  | { readonly type: 'recall'; readonly peer: number }
  | { readonly type: 'claim'; readonly owner: 'a' | 'b'; readonly max: number }
  | { readonly type: 'settle'; readonly nth: number; readonly kind: AttemptOutcome['kind'] }
  | { readonly type: 'redeliver'; readonly nth: number }
  | { readonly type: 'switch'; readonly enabled: boolean; readonly ordered: boolean }
  | { readonly type: 'wait'; readonly ms: number };

const kind = fc.oneof(
  { weight: 3, arbitrary: fc.constant('accepted' as const) },
  fc.constantFrom('refused' as const, 'refused' as const, 'cut' as const),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('recall' as const), peer: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('claim' as const),
      owner: fc.constantFrom('a' as const, 'b' as const),
      max: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('settle' as const), nth: fc.nat(20), kind }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('redeliver' as const), nth: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('switch' as const),
      enabled: fc.boolean(),
      ordered: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(2 * leaseMs), fc.nat(limits.suspendAfterMs)),
    }),
  },
);

interface Told {
  readonly id: string;
  readonly rule: string;
  readonly conversation: string;
  readonly position: number;
}

/** A world whose deliveries go through steps, with what its workers hold and what was told so far. */
interface Scene extends World {
  readonly held: (ClaimedDelivery & { readonly owner: string })[];
  /** Each delivery that was accepted and had never been sent again on demand, in that order. */
  readonly told: Told[];
  readonly redelivered: Set<string>;
}

const rules = ['ordered', 'unordered'] as const;

/**
 * Properties over whole histories of deliveries; `runs` histories. Not part of `describeStoragePorts`:
 * a run makes storage of its own.
 */
export function describeDeliveryHistories(name: string, harness: StorageHarness, runs: number): void {
  describe(`delivery histories: ${name}`, () => {
    it('each delivery is told, an ordered rule’s in order, and none is left behind', () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const { ports, close } = await harness.make();
          try {
            const scene = await sceneOn(await createWorld(ports));
            for (const each of steps) await take(scene, each);
            await drain(scene);
            await check(scene, steps);
          } finally {
            await close();
          }
        }),
        { numRuns: runs },
      ));
  });
}

async function sceneOn(world: World): Promise<Scene> {
  const { ports, app } = world;
  await ports.rules.create(ruleSample(app.no, 'ordered', { ordered: true, concurrencyMax: 2 }));
  await ports.rules.create(ruleSample(app.no, 'unordered'));
  return { ...world, held: [], told: [], redelivered: new Set() };
}

async function take(scene: Scene, next: Step): Promise<void> {
  const { ports, app, clock, held } = scene;
  switch (next.type) {
    case 'recall':
      await recallOne(scene, { to: `peer${next.peer}` });
      return;
    case 'claim':
      await claimAs(scene, next.owner, next.max);
      return;
    case 'settle': {
      const [one] = held.splice(next.nth % Math.max(1, held.length), 1);
      if (one !== undefined) await settleOne(scene, one, next.kind);
      return;
    }
    case 'redeliver': {
      const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 1000 });
      const id = entities[next.nth % Math.max(1, entities.length)]?.id ?? 'none';
      if ((await ports.redeliveries.one(app.no, id, clock.now())) === 'queued') scene.redelivered.add(id);
      return;
    }
    case 'switch':
      await changeRule(ports.rules, app.no, 'unordered', { enabled: next.enabled }, clock.now());
      await changeRule(ports.rules, app.no, 'ordered', { enabled: next.ordered }, clock.now());
      return;
    case 'wait':
      clock.advance(next.ms);
      return;
    default:
      never(next);
  }
}

async function claimAs(scene: Scene, owner: string, max: number): Promise<number> {
  const now = scene.clock.now();
  const wanted = rules.map((ruleId) => ({ ruleId, max }));
  const claimed = await scene.ports.deliveries.claim({ rules: wanted, owner, now, leaseMs });
  for (const delivery of claimed) {
    // Whoever held it lost it: its lease ran out.
    const lost = scene.held.findIndex(({ id }) => id === delivery.id);
    if (lost !== -1) scene.held.splice(lost, 1);
    scene.held.push({ ...delivery, owner });
  }
  const leased = scene.held.filter(({ rule, state }) => rule.id === 'ordered' && state.leaseUntil > now);
  expect(leased.length).toBeLessThanOrEqual(2);
  return claimed.length;
}

async function settleOne(
  scene: Scene,
  { id, owner, rule, events, state }: Scene['held'][number],
  outcome: AttemptOutcome['kind'],
): Promise<void> {
  const now = scene.clock.now();
  const next = settle(
    state,
    outcome === 'refused' ? { kind: outcome, retryAfterMs: null } : { kind: outcome },
    now,
    0.5,
  );
  const attempt = attemptSample({ status: outcome === 'accepted' ? 200 : 500 });
  await scene.ports.deliveries.settle(
    [{ id, owner, state: next, ...(outcome === 'cut' ? {} : { attempt }) }],
    now,
  );
  const [event] = events;
  if (outcome !== 'accepted' || event?.type !== 'MessageRecalled' || scene.redelivered.has(id)) return;
  scene.told.push({ id, rule: rule.id, conversation: event.data.chat.id, position: event.position });
}

/** Lets every rule send, and every attempt succeed, until nothing is due any more. */
async function drain(scene: Scene): Promise<void> {
  await take(scene, { type: 'switch', enabled: true, ordered: true });
  for (let round = 0; round < 1000; round += 1) {
    for (const one of scene.held.splice(0)) await settleOne(scene, one, 'accepted');
    const due = await scene.ports.deliveries.due();
    if (due.length === 0) return;
    const next = Math.min(...due.map(({ dueAt }) => dueAt));
    scene.clock.advance(Math.max(0, next - scene.clock.now()));
    expect(await claimAs(scene, 'a', 10), 'what is due can be claimed').toBeGreaterThan(0);
  }
  throw new Error('a queue ends');
}

async function check({ ports, app, told }: Scene, steps: readonly Step[]): Promise<void> {
  const { entities } = await ports.deliveryReader.page({ app: app.no, limit: 1000 });
  expect(entities.filter(({ state }) => state.status !== 'delivered').map(({ state }) => state)).toEqual([]);
  const recalls = steps.filter(({ type }) => type === 'recall').length;
  expect(entities.length).toBeLessThanOrEqual(recalls * rules.length);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  for (const peer of ['peer0', 'peer1']) {
    const positions = told
      .filter(({ rule, conversation }) => rule === 'ordered' && conversation === peer)
      .map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  }
}
