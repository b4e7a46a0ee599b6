import { assert } from '../../kernel/assert.js';
import type { RateLimits } from '../../ports/rateLimits.js';
import { changedRateLimits, takeRates } from '../../rate-limit/rateLimit.js';
import type { RateWindow } from '../../rate-limit/rateLimit.js';
import type { MemoryState } from './state.js';

export function createMemoryRateLimits(state: MemoryState): RateLimits {
  return {
    take: async (app, uses, now) => {
      const known = state.rateWindows.get(app) ?? new Map<string, RateWindow>();
      const { taken, windows } = takeRates(known, uses, now);
      state.rateWindows.set(app, new Map([...known, ...windows]));
      return taken;
    },
    change: async (no, change) => {
      const index = state.apps.findIndex((app) => app.no === no);
      const app = state.apps[index];
      assert(app !== undefined, `app ${no} is there`);
      const rateLimits = changedRateLimits(app.rateLimits, change);
      state.apps[index] = { ...app, rateLimits };
      return rateLimits;
    },
    forget: async (before, max) => {
      let left = max;
      for (const [app, windows] of state.rateWindows) {
        const over = [...windows].filter(([, { startedAt }]) => startedAt < before).slice(0, left);
        const gone = new Set(over.map(([bucket]) => bucket));
        state.rateWindows.set(app, new Map([...windows].filter(([bucket]) => !gone.has(bucket))));
        left -= gone.size;
      }
      return max - left;
    },
  };
}
