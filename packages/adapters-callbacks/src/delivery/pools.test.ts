import { lookup } from 'node:dns';
import { afterEach, describe, expect, it } from 'vitest';
import { createPools } from './pools.js';
import type { Pools, PoolsOptions } from './pools.js';

let pools: Pools | undefined;

afterEach(() => pools?.destroy());

function given(change: Partial<PoolsOptions> = {}): Pools {
  pools = createPools({ lookup, connectTimeoutMs: 1_000, ...change });
  return pools;
}

const origin = (n: number) => `http://backend-${n}.example.com`;

/** Uses an origin's pool and gives it back. */
function use(from: Pools, n: number) {
  const { pool, release } = from.acquire(origin(n));
  release();
  return pool;
}

describe('the pools of connections', () => {
  it('are one per origin, kept between requests', () => {
    const given_ = given();

    expect(use(given_, 1)).toBe(use(given_, 1));
    expect(use(given_, 1)).not.toBe(use(given_, 2));
  });

  it('make room: the one that was used least recently is closed', () => {
    const given_ = given({ originsMax: 2 });
    const [first, second] = [use(given_, 1), use(given_, 2)];
    use(given_, 1);

    use(given_, 3);

    expect(second.closed).toBe(true);
    expect(use(given_, 1)).toBe(first);
  });

  it('are never closed in use', () => {
    const given_ = given({ originsMax: 1 });
    const held = given_.acquire(origin(1));

    use(given_, 2);
    expect(held.pool.closed).toBe(false);

    held.release();
    use(given_, 3);
    expect(held.pool.closed).toBe(true);
  });

  it('are closed after a time without use', () => {
    const given_ = given({ idleMs: 0 });
    const first = use(given_, 1);

    use(given_, 2);

    expect(first.closed).toBe(true);
  });
});
