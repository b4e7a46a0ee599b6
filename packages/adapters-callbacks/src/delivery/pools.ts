import type { LookupFunction } from 'node:net';
import { Pool } from 'undici';

export interface PoolsOptions {
  readonly lookup: LookupFunction;
  readonly connectTimeoutMs: number;
  /** Certificates of private authorities, PEM; left out: those that Node trusts. */
  readonly ca?: string;
  /** Origins whose connections are kept; the one that was used least recently makes room. */
  readonly originsMax?: number;
  /** How long an origin's pool is kept unused. */
  readonly idleMs?: number;
}

interface Kept {
  readonly pool: Pool;
  usedAt: number;
  users: number;
}

/** Keep-alive connections, one pool per origin. */
export interface Pools {
  /** The origin's pool, to be given back with `release` once the request is over. */
  acquire(origin: string): { readonly pool: Pool; release(): void };
  /** Ends every connection at once. */
  destroy(): Promise<void>;
}

export function createPools(options: PoolsOptions): Pools {
  const originsMax = options.originsMax ?? 256;
  const idleMs = options.idleMs ?? 60_000;
  /** Least recently used first. */
  const kept = new Map<string, Kept>();

  /** Closes what was idle for long, and the least recently used beyond the bound; never one in use. */
  function evict(now: number): void {
    for (const [origin, entry] of kept) {
      const crowded = kept.size > originsMax;
      if (!crowded && now - entry.usedAt < idleMs) return;
      if (entry.users > 0) continue;
      kept.delete(origin);
      void entry.pool.close();
    }
  }

  return {
    acquire: (origin) => {
      const now = performance.now();
      const entry = kept.get(origin) ?? { pool: openPool(origin, options), usedAt: now, users: 0 };
      entry.usedAt = now;
      entry.users += 1;
      kept.delete(origin);
      kept.set(origin, entry);
      evict(now);
      return {
        pool: entry.pool,
        release: () => {
          entry.users -= 1;
        },
      };
    },
    destroy: async () => {
      const entries = [...kept.values()];
      kept.clear();
      await Promise.all(entries.map(({ pool }) => pool.destroy()));
    },
  };
}

/** As many connections as there are requests at once: whoever sends bounds them. */
function openPool(origin: string, { lookup, connectTimeoutMs, ca }: PoolsOptions): Pool {
  return new Pool(origin, {
    connect: {
      lookup,
      rejectUnauthorized: true,
      timeout: connectTimeoutMs,
      ...(ca === undefined ? {} : { ca }),
    },
    pipelining: 1,
    // The sender has one deadline over everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
