import { lookup } from 'node:dns';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RuleTls } from '@recalld/domain';
import { createAuthority } from '../testing/certificate.js';
import { createPools } from './pools.js';
import type { Pools, PoolsOptions } from './pools.js';

function given(change: Partial<PoolsOptions> = {}): Pools {
  const openSecret = (sealed: string) => sealed;
  const pools = createPools({ lookup, connectTimeoutMs: 1_000, proxy: null, openSecret, ...change });
  onTestFinished(() => pools.destroy());
  return pools;
}

const origin = (n: number) => `http://backend-${n}.example.com`;

/** Uses an origin's pool and gives it back. */
function use(from: Pools, n: number) {
  const { pool, release } = from.acquire(origin(n), null);
  release();
  return pool;
}

describe('the pools of connections', () => {
  it('are one per origin, kept between requests', () => {
    const pools = given();

    expect(use(pools, 1)).toBe(use(pools, 1));
    expect(use(pools, 1)).not.toBe(use(pools, 2));
  });

  it('are one for each thing that is asked of TLS', () => {
    const pools = given();
    const authority = createAuthority('One');
    const { cert: certificate, key: sealedKey } = authority.issue('recalld');
    const client = { certificate, sealedKey };
    const pool = (tls: RuleTls | null, from = 'https://backend.example.com') => pools.acquire(from, tls).pool;

    const asked = [
      null,
      { ca: authority.cert, client: null },
      { ca: null, client },
      { ca: authority.cert, client },
    ];
    const made = asked.map((tls) => pool(tls));

    expect(new Set(made).size).toBe(4);
    expect(asked.map((tls) => pool(structuredClone(tls)))).toEqual(made);
    // Where nobody speaks TLS, nothing is asked of it.
    expect(pool(null, origin(1))).toBe(pool({ ca: authority.cert, client }, origin(1)));
  });

  it('make room: the one that was used least recently is closed', () => {
    const pools = given({ poolsMax: 2 });
    const [first, second] = [use(pools, 1), use(pools, 2)];
    use(pools, 1);

    use(pools, 3);

    expect(second.closed).toBe(true);
    expect(use(pools, 1)).toBe(first);
  });

  it('are never closed in use', () => {
    const pools = given({ poolsMax: 1 });
    const held = pools.acquire(origin(1), null);

    use(pools, 2);
    expect(held.pool.closed).toBe(false);

    held.release();
    use(pools, 3);
    expect(held.pool.closed).toBe(true);
  });

  it('are closed after a time without use', () => {
    const pools = given({ idleMs: 0 });
    const first = use(pools, 1);

    use(pools, 2);

    expect(first.closed).toBe(true);
  });
});
