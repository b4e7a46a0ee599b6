import type { ReadModels } from '../../ports/readModels.js';
import type { MemoryState } from './state.js';

/** What lists are read from changes with the events themselves here: a rebuild looks, and finds all of it right. */
export function createMemoryReadModels(state: MemoryState): ReadModels {
  return {
    start: async (now) => {
      if (state.rebuild?.finishedAt !== null) {
        const through = state.events.length;
        state.rebuild = { startedAt: now, position: 0, through, changed: 0, finishedAt: null };
      }
      return state.rebuild;
    },
    step: async (now, limit) => {
      const { rebuild } = state;
      if (rebuild?.finishedAt !== null) return false;
      const position = Math.min(rebuild.position + limit, rebuild.through);
      const finishedAt = position === rebuild.through ? now : null;
      state.rebuild = { ...rebuild, position, finishedAt };
      return finishedAt === null;
    },
    state: async () => state.rebuild,
  };
}
