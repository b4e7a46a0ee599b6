import { createCommandLoop } from '../application/commandLoop.js';
import type { CommandLoop, CommandLoopDeps } from '../application/commandLoop.js';
import { messageStream } from '../kernel/stream.js';
import type { CommandStore, Unit } from '../ports/commandStore.js';
import { immediateTurn } from './memory/index.js';
import { planRecalls } from './world.js';

/** A command loop on a store, with everything else as simple as it can be. */
export function loopOn(store: CommandStore, deps: Partial<CommandLoopDeps> = {}): CommandLoop {
  let commands = 0;
  const nextCommandId = () => `c${(commands += 1)}`;
  return createCommandLoop({ store, plan: planRecalls, nextCommandId, nextTurn: immediateTurn, ...deps });
}

/** Whether one of a commit's units appends to a message's stream. */
export function writes(units: readonly Unit[], msgId: string): boolean {
  return units.some(({ appends }) => appends.some(({ stream }) => stream === messageStream(msgId)));
}

/** What became of submits: the outcome of the first command of each, or the fault's message. */
export async function fatesOf(submits: readonly Promise<readonly unknown[]>[]): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled(submits);
  return settled.map((one) => (one.status === 'fulfilled' ? one.value[0] : (one.reason as Error).message));
}
