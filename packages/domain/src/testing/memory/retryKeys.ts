import type { RetryKeys } from '../../ports/retryKeys.js';
import { keyOf } from './state.js';
import type { MemoryState } from './state.js';

export function createMemoryRetryKeys(state: MemoryState): RetryKeys {
  return {
    find: async (app, key) => {
      const row = state.retryKeys.get(keyOf(app, key));
      return row && { msgId: row.msgId, sentAt: row.sentAt };
    },
    forget: async (sentBefore, limit) => {
      const old = [...state.retryKeys].filter(([, { sentAt }]) => sentAt < sentBefore).slice(0, limit);
      for (const [key] of old) state.retryKeys.delete(key);
      return old.length;
    },
  };
}
