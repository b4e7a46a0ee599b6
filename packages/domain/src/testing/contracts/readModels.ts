import { describe, expect, it } from 'vitest';
import type { World } from '../world.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Rebuilds of what lists and histories are read from, on a store whose rows are right. */
export function describeReadModels(name: string, harness: StorageHarness): void {
  describe(`ReadModels: ${name}`, () => {
    const world = useWorld(harness);
    describe('a rebuild', () => describeRebuild(world));
    describe('what is read meanwhile', () => describeReading(world));
  });
}

/** Steps until there is no more to do; answers how many there were. */
async function stepAll({ ports, clock }: World, limit: number, between = async () => undefined as void) {
  let steps = 1;
  for (; await ports.readModels.step(clock.now(), limit); steps += 1) {
    expect(steps).toBeLessThan(1_000);
    await between();
  }
  return steps;
}

function describeRebuild(world: () => World): void {
  it('is not there before somebody begins one, and a step does nothing', async () => {
    const { ports, clock } = world();

    expect(await ports.readModels.state()).toBeUndefined();
    expect(await ports.readModels.step(clock.now(), 10)).toBe(false);
    expect(await ports.readModels.state()).toBeUndefined();
  });

  it('begins before the first event, and ends where the log does', async () => {
    const { ports, clock, send } = world();
    for (let n = 0; n < 3; n += 1) await send();
    const startedAt = clock.now();
    const begun = { startedAt, position: 0, through: 3, changed: 0, finishedAt: null };

    expect(await ports.readModels.start(startedAt)).toEqual(begun);
    expect(await ports.readModels.state()).toEqual(begun);

    clock.advance(5_000);
    await stepAll(world(), 10);
    expect(await ports.readModels.state()).toEqual({ ...begun, position: 3, finishedAt: clock.now() });
  });

  it('of an empty log ends', async () => {
    const { ports, clock } = world();
    await ports.readModels.start(clock.now());

    await stepAll(world(), 10);

    expect(await ports.readModels.state()).toMatchObject({ position: 0, finishedAt: clock.now() });
  });

  it('goes on step by step, as far as each step may', async () => {
    const { ports, clock, send } = world();
    for (let n = 0; n < 5; n += 1) await send();
    await ports.readModels.start(clock.now());

    expect(await ports.readModels.step(clock.now(), 2)).toBe(true);

    expect(await ports.readModels.state()).toMatchObject({ position: 2, finishedAt: null });
    expect(await stepAll(world(), 2)).toBeGreaterThan(1);
    expect(await ports.readModels.state()).toMatchObject({ position: 5, finishedAt: clock.now() });
  });

  it('is one at a time: who begins another one gets the one under way', async () => {
    const { ports, clock, send } = world();
    for (let n = 0; n < 3; n += 1) await send();
    const first = await ports.readModels.start(clock.now());
    await ports.readModels.step(clock.now(), 1);

    const second = await ports.readModels.start(clock.now() + 1_000);

    expect(second).toEqual({ ...first, position: 1 });
  });

  it('race, many begin one: there is one', async () => {
    const { ports, clock } = world();

    const begun = await Promise.all(
      Array.from({ length: 5 }, (_, n) => ports.readModels.start(clock.now() + n)),
    );

    expect(new Set(begun.map(({ startedAt }) => startedAt)).size).toBe(1);
  });

  it('race, many take steps: every range is gone through once, and it ends', async () => {
    const { ports, clock, send } = world();
    for (let n = 0; n < 12; n += 1) await send();
    await ports.readModels.start(clock.now());

    await Promise.all(Array.from({ length: 3 }, () => stepAll(world(), 2)));

    expect(await ports.readModels.state()).toMatchObject({
      position: 12,
      changed: 0,
      finishedAt: clock.now(),
    });
  });

  it('that is over is followed by another one, from the first event on', async () => {
    const { ports, clock, send } = world();
    await send();
    await ports.readModels.start(clock.now());
    await stepAll(world(), 10);
    await send();

    const again = await ports.readModels.start(clock.now());

    expect(again).toEqual({ startedAt: clock.now(), position: 0, through: 2, changed: 0, finishedAt: null });
  });
}

function describeReading(world: () => World): void {
  it('is what was read before, after each step', async () => {
    const { ports, clock, send, recall, deleteConversation, roaming, conversations } = world();
    const recalled = await send();
    await send({ to: 'u3' });
    await deleteConversation();
    await send();
    await recall(recalled);
    const read = async () => [
      await roaming('u1', 'u2'),
      await roaming('u2', 'u1'),
      await conversations('u1'),
    ];
    const before = await read();

    await ports.readModels.start(clock.now());
    await stepAll(world(), 1, async () => expect(await read()).toEqual(before));

    expect(await read()).toEqual(before);
    expect(await ports.readModels.state()).toMatchObject({ changed: 0 });
  });

  it('follows what is sent, recalled and deleted between the steps', async () => {
    const { ports, clock, send, recall, deleteConversation, roaming, conversations } = world();
    const first = await send();
    const second = await send();
    await ports.readModels.start(clock.now());

    await ports.readModels.step(clock.now(), 1);
    await recall(first);
    await ports.readModels.step(clock.now(), 1);
    const third = await send();
    await recall(second);
    await stepAll(world(), 1);

    expect((await roaming('u2', 'u1')).map(({ itemId }) => itemId)).toEqual([third]);
    await deleteConversation();
    await stepAll(world(), 1);
    expect(await roaming('u1', 'u2')).toEqual([]);
    expect(await conversations('u1')).toEqual([]);
    expect((await conversations('u2')).map(({ unread }) => unread)).toEqual([1]);
  });
}
