import { describe, expect, it } from 'vitest';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** How far each feed came. */
export function describeFeedCheckpoints(name: string, harness: StorageHarness): void {
  describe(`FeedCheckpoints: ${name}`, () => {
    const world = useWorld(harness);

    it('knows nothing of a feed that has not started', async () => {
      expect(await world().ports.checkpoints.read('events')).toBeUndefined();
    });

    it('keeps the last position of each feed, also one further back, and the very start', async () => {
      const { checkpoints } = world().ports;
      await checkpoints.write('events', 7);
      await checkpoints.write('callbacks', 2 ** 53 - 1);

      expect(await checkpoints.read('events')).toBe(7);
      await checkpoints.write('events', 3);
      expect(await checkpoints.read('events')).toBe(3);
      await checkpoints.write('events', 0);
      expect(await checkpoints.read('events')).toBe(0);
      expect(await checkpoints.read('callbacks')).toBe(2 ** 53 - 1);
      expect(await checkpoints.read('event')).toBeUndefined();
    });

    it('race, write and write: a new feed has one checkpoint', async () => {
      const { checkpoints } = world().ports;

      await Promise.all([1, 2, 3].map((position) => checkpoints.write('events', position)));

      expect([1, 2, 3]).toContain(await checkpoints.read('events'));
    });
  });
}
