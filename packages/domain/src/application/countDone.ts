/**
 * Does a piece of work for each of some items, so many of them at once, and answers how many were
 * done: one that cannot be done holds up none of the others. @throws the first fault when none was.
 */
export async function countDone<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<number> {
  const faults: unknown[] = [];
  const waiting = items.values();
  async function takeAll(): Promise<void> {
    for (const item of waiting) await work(item).catch((fault: unknown) => faults.push(fault));
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeAll));
  const done = items.length - faults.length;
  if (done === 0 && faults.length > 0) throw faults[0];
  return done;
}

/** Pieces of work that each need a connection to storage: requests need the others. */
export const fewAtOnce = 4;
