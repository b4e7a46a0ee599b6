import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '../../kernel/assert.js';
import type { Leases } from '../../ports/leases.js';
import type { StorageHarness } from './support.js';

const longMs = 60_000;
/** Long enough to be asked about before it ends. */
const shortMs = 60;
const stepMs = 20;

type Made = Awaited<ReturnType<StorageHarness['make']>>;

/** Work that one node at a time does. Leases end by the store's own time, real or not. */
export function describeLeases(name: string, harness: StorageHarness): void {
  describe(`Leases: ${name}`, () => {
    let made: Made | undefined;
    beforeEach(async () => {
      made = await harness.make();
    });
    afterEach(async () => {
      await made?.close();
      made = undefined;
    });

    function leases(): Leases {
      assert(made !== undefined, 'storage is there while a test runs');
      return made.ports.leases;
    }

    const pass = async (ms: number) => made?.pass(ms);

    /** Asks until the lease is given; fails when it never is. */
    async function takenAtLast(work: string, owner: string): Promise<void> {
      for (let tries = 0; !(await leases().take(work, owner, longMs)); tries += 1) {
        assert(tries < 500, 'a lease ends');
        await pass(stepMs);
      }
    }

    describe('one owner', () => describeOneOwner(leases));
    describe('an end', () => describeEnds({ leases, pass, takenAtLast }));

    it('race, many take: one of them has it', async () => {
      const owners = Array.from({ length: 8 }, (_, index) => `node ${index}`);

      const taken = await Promise.all(owners.map((owner) => leases().take('chores', owner, longMs)));

      expect(taken.filter(Boolean)).toHaveLength(1);
      const again = await Promise.all(owners.map((owner) => leases().take('chores', owner, longMs)));
      expect(again).toEqual(taken);
    });
  });
}

function describeOneOwner(leases: () => Leases): void {
  it('has it, and nobody else', async () => {
    expect(await leases().take('chores', 'a', longMs)).toBe(true);
    expect(await leases().take('chores', 'b', longMs)).toBe(false);
    expect(await leases().take('chores', 'a', longMs)).toBe(true);
    expect(await leases().take('chores', 'b', longMs)).toBe(false);
  });

  it('of one name has no other name', async () => {
    await leases().take('chores', 'a', longMs);

    expect(await leases().take('feed', 'b', longMs)).toBe(true);
    expect(await leases().take('chores', 'b', longMs)).toBe(false);
    expect(await leases().take('feed', 'a', longMs)).toBe(false);
  });

  it('gives it back, and the next one has it at once', async () => {
    await leases().take('chores', 'a', longMs);
    await leases().release('chores', 'a');

    expect(await leases().take('chores', 'b', longMs)).toBe(true);
    expect(await leases().take('chores', 'a', longMs)).toBe(false);
  });

  it('keeps it when somebody else gives it back, or gives back another one', async () => {
    await leases().take('chores', 'a', longMs);
    await leases().release('chores', 'b');
    await leases().release('feed', 'a');

    expect(await leases().take('chores', 'b', longMs)).toBe(false);
  });

  it('gives back what it has not, or no more, without harm', async () => {
    await leases().release('chores', 'a');
    await leases().take('chores', 'a', longMs);
    await leases().release('chores', 'a');
    await leases().release('chores', 'a');

    expect(await leases().take('chores', 'b', longMs)).toBe(true);
  });
}

function describeEnds(given: {
  readonly leases: () => Leases;
  readonly pass: (ms: number) => Promise<unknown>;
  readonly takenAtLast: (work: string, owner: string) => Promise<void>;
}): void {
  const { leases, pass, takenAtLast } = given;

  it('lets the next one have it, and the last one no more', async () => {
    await leases().take('chores', 'a', shortMs);

    await takenAtLast('chores', 'b');

    expect(await leases().take('chores', 'a', longMs)).toBe(false);
    await leases().release('chores', 'a');
    expect(await leases().take('chores', 'a', longMs)).toBe(false);
  });

  it('that nobody made use of leaves it to its last owner too', async () => {
    await leases().take('chores', 'a', shortMs);
    await pass(2 * shortMs);

    expect(await leases().take('chores', 'a', longMs)).toBe(true);
    expect(await leases().take('chores', 'b', longMs)).toBe(false);
  });

  it('moves away when the owner prolongs it, counted from then on', async () => {
    await leases().take('chores', 'a', shortMs);
    await leases().take('chores', 'a', longMs);
    await pass(2 * shortMs);

    expect(await leases().take('chores', 'b', shortMs)).toBe(false);
  });

  it('race, many take one that is over: one of them has it', async () => {
    await leases().take('chores', 'dead', shortMs);
    await pass(2 * shortMs);
    const owners = Array.from({ length: 8 }, (_, index) => `node ${index}`);

    const taken = await Promise.all(owners.map((owner) => leases().take('chores', owner, longMs)));

    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await leases().take('chores', 'dead', longMs)).toBe(false);
  });
}
