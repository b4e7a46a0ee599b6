import type { Log, Signals, Topic } from '@recalld/domain';

/**
 * Signals inside one process, heard at once. A listener that throws is logged and harms neither the
 * announcer nor the listeners after it.
 */
export function createEmbeddedSignals(log?: Pick<Log, 'error'>): Signals {
  const listeners = new Set<{ readonly hear: (topic: Topic) => void }>();
  return {
    announce: (topics) => {
      for (const topic of topics) {
        for (const { hear } of [...listeners]) {
          try {
            hear(topic);
          } catch (err) {
            log?.error({ err, topic }, 'a listener of signals failed');
          }
        }
      }
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
