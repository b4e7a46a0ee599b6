import type { Clock } from '../../ports/clock.js';
import type { Leases } from '../../ports/leases.js';
import type { MemoryState } from './state.js';

export function createMemoryLeases(state: MemoryState, clock: Clock): Leases {
  return {
    take: async (name, owner, forMs) => {
      const held = state.leases.get(name);
      const now = clock.now();
      if (held !== undefined && held.owner !== owner && held.until > now) return false;
      state.leases.set(name, { owner, until: now + forMs });
      return true;
    },
    release: async (name, owner) => {
      if (state.leases.get(name)?.owner === owner) state.leases.delete(name);
    },
  };
}
