/** Somebody waits for something to happen, and must not miss what happened while looking elsewhere. */
export interface Bell {
  ring(): void;
  /** Whether it rang since it was last heard, or does within `ms`; false at once when the waiter is to leave. */
  heard(ms: number): Promise<boolean>;
}

export function createBell(leaving: AbortSignal): Bell {
  let rung = false;
  let wake: () => void = () => undefined;
  leaving.addEventListener('abort', () => wake(), { once: true });
  return {
    ring() {
      rung = true;
      wake();
    },
    async heard(ms) {
      if (!rung && !leaving.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = () => undefined;
      }
      const was = rung && !leaving.aborted;
      rung = false;
      return was;
    },
  };
}
