import { Overloaded } from '@recalld/domain';

/** Lets a few pieces of work run at a time; the others wait in line. */
export interface Gate {
  /** @throws Overloaded when as many wait already as may. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(atOnce: number, waitingMax: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  function leave(): void {
    const next = waiting.shift();
    // The place goes to the next in line directly, so nobody else can take it in between.
    if (next === undefined) running -= 1;
    else next();
  }

  async function enter(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= waitingMax) throw new Overloaded(`${waiting.length} are waiting already`);
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
