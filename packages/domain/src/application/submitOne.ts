import { assert } from '../kernel/assert.js';
import type { CommandOf, CommandType, Outcome, Refusals } from './command.js';
import type { CommandLoop } from './commandLoop.js';

/** Submits one command as a unit of its own and answers its outcome. @throws what `submit` throws. */
export async function submitOne<T extends CommandType>(
  loop: Pick<CommandLoop, 'submit'>,
  command: CommandOf<T>,
): Promise<Outcome<Refusals[T]>> {
  const [outcome] = await loop.submit<T>([command]);
  assert(outcome !== undefined, 'one command has one outcome');
  return outcome;
}
