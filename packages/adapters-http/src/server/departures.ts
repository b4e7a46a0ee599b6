import type { ServerResponse } from 'node:http';

/** Whom an answer keeps waiting hears of the end: of the own connection, and of the server. */
export interface Departures {
  /** Aborted when the caller has gone, or is to go because the server stops. */
  of(response: ServerResponse): AbortSignal;
  /** The server stops: everybody is to go, also who comes later. */
  all(): void;
}

export function createDepartures(): Departures {
  const waiting = new Set<AbortController>();
  let stopping = false;
  return {
    of(response) {
      const controller = new AbortController();
      if (stopping || response.destroyed) controller.abort();
      else {
        waiting.add(controller);
        response.once('close', () => {
          waiting.delete(controller);
          controller.abort();
        });
      }
      return controller.signal;
    },
    all() {
      stopping = true;
      for (const controller of waiting) controller.abort();
    },
  };
}
