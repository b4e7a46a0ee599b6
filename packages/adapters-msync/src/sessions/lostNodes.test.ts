import { createMemoryStorage } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createMsyncWorld } from '../testing/msyncWorld.js';
import type { MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

describe('a device whose session was on another node', () => {
  it.each([
    ['one that lives: that session is ended there', true, 1],
    ['one that died: it is gone already, and nobody is told', false, 0],
  ] as const)('given %s', async (_, lives, told) => {
    const storage = createMemoryStorage(undefined, (node) => lives || node !== 'the first');
    world = await createMsyncWorld(['ann'], storage);
    const [first, second] = [
      await world.node({ node: 'the first' }),
      await world.node({ node: 'the second' }),
    ];
    await first.device('ann', 'web');

    await second.device('ann', 'web');

    expect(await world.events('SessionsEnded')).toHaveLength(told);
  });
});
