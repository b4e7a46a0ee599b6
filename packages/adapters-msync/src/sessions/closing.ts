import { setTimeout as pause } from 'node:timers/promises';
import type { SessionTable } from './sessionTable.js';

const lookEveryMs = 10;

/** Lets every session answer what it has in hand, for so long at most, and closes it. */
export async function closeSessions(table: SessionTable, waitMs: number): Promise<void> {
  for (const session of table.sockets) session.stop();
  await become(() => [...table.sockets].every(({ inHand }) => inHand === 0), waitMs);
  for (const session of table.sockets) session.end('stopping');
}

/** Waits until something is so, for so long at most. */
export async function become(isSo: () => boolean, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  while (!isSo() && performance.now() < until) await pause(lookEveryMs);
}
