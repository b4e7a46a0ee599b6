import { createHash } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { RuleTls } from '@recalld/domain';
import { Pool } from 'undici';
import { createConnector } from './connect.js';
import type { Proxy } from './proxy.js';
import { secureContextOf } from './tls.js';

export interface PoolsOptions {
  readonly lookup: LookupFunction;
  readonly connectTimeoutMs: number;
  readonly proxy: Proxy | null;
  /** Opens what the secret box has sealed; called once for each pool with a client's key. */
  readonly openSecret: (sealed: string) => string;
  /** Pools that are kept; the one that was used least recently makes room. */
  readonly poolsMax?: number;
  /** How long a pool is kept unused. */
  readonly idleMs?: number;
}

interface Kept {
  readonly pool: Pool;
  usedAt: number;
  users: number;
}

/** Keep-alive connections: one pool for each origin and what is asked of its TLS. */
export interface Pools {
  /**
   * The pool to use, to be given back with `release` once the request is over.
   * @throws PlainFailure when what is asked of TLS cannot be used.
   */
  acquire(origin: string, tls: RuleTls | null): { readonly pool: Pool; release(): void };
  /** Ends every connection at once. */
  destroy(): Promise<void>;
}

export function createPools(options: PoolsOptions): Pools {
  const poolsMax = options.poolsMax ?? 256;
  const idleMs = options.idleMs ?? 60_000;
  /** Least recently used first. */
  const kept = new Map<string, Kept>();

  /** Closes what was idle for long, and the least recently used beyond the bound; never one in use. */
  function evict(now: number): void {
    for (const [key, entry] of kept) {
      const crowded = kept.size > poolsMax;
      if (!crowded && now - entry.usedAt < idleMs) return;
      if (entry.users > 0) continue;
      kept.delete(key);
      void entry.pool.close();
    }
  }

  return {
    acquire: (origin, tls) => {
      const now = performance.now();
      const key = keyOf(origin, tls);
      const entry = kept.get(key) ?? { pool: openPool(origin, tls, options), usedAt: now, users: 0 };
      entry.usedAt = now;
      entry.users += 1;
      kept.delete(key);
      kept.set(key, entry);
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

/** Rules that ask different things of TLS share no connection: one must not speak in another's name. */
function keyOf(origin: string, tls: RuleTls | null): string {
  if (tls === null || !origin.startsWith('https:')) return origin;
  const asked = JSON.stringify([tls.ca, tls.client?.certificate, tls.client?.sealedKey]);
  return `${origin} ${createHash('sha256').update(asked).digest('base64')}`;
}

/** The longest header of an answer, bytes. */
const maxHeaderSize = 16_384;

/** As many connections as there are requests at once: whoever sends bounds them. */
function openPool(origin: string, tls: RuleTls | null, options: PoolsOptions): Pool {
  const { lookup, connectTimeoutMs: timeoutMs, proxy, openSecret } = options;
  const secureContext = origin.startsWith('https:') ? secureContextOf(tls, openSecret) : null;
  return new Pool(origin, {
    connect: createConnector({ lookup, timeoutMs, proxy, secureContext }),
    pipelining: 1,
    maxHeaderSize,
    // The sender has one deadline over everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
