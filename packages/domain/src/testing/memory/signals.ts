import type { Signals, Topic } from '../../ports/signals.js';

/** Signals inside one process, heard at once. */
export function createMemorySignals(): Signals {
  const listeners = new Set<{ readonly hear: (topic: Topic) => void }>();
  return {
    announce: (topics) => {
      for (const topic of topics) for (const { hear } of [...listeners]) hear(topic);
    },
    listen: (hear) => {
      const listener = { hear };
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
