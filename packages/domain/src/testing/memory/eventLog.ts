import type { EventLog } from '../../ports/eventLog.js';
import { keyOf } from './state.js';
import type { MemoryState } from './state.js';

export function createMemoryEventLog(state: MemoryState): EventLog {
  return {
    ofStream: async (app, stream) => state.streams.get(keyOf(app, stream)) ?? [],
    read: async ({ after, limit, types }) => {
      const looked = state.events.slice(after, after + limit);
      const events = looked.filter(({ type }) => types?.includes(type) ?? true);
      return { events, through: looked.at(-1)?.position ?? after };
    },
    horizon: async () => state.events.length,
    before: async (instant) => {
      const first = state.events.find(({ occurredAt }) => occurredAt >= instant);
      return first === undefined ? state.events.length : first.position - 1;
    },
  };
}
