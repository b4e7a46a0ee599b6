import type { CommandLoop, CommandOf, CommandType, Outcome } from '@recalld/domain';
import type { Metrics } from './metrics.js';

/** A command loop that counts what became of each command, and the messages recalled. */
export function meteredLoop(loop: CommandLoop, metrics: Metrics): CommandLoop {
  function count(commands: readonly CommandOf<CommandType>[], outcomes: readonly Outcome[]): void {
    for (const [index, outcome] of outcomes.entries()) {
      const command = commands[index];
      if (command !== undefined) metrics.commandDecided(command.type, outcome.ok ? 'accepted' : outcome.code);
      if (!outcome.ok) continue;
      for (const event of outcome.events)
        if (event.type === 'MessageRecalled') metrics.messageRecalled(event);
    }
  }

  return {
    async submit<T extends CommandType>(commands: readonly CommandOf<T>[]) {
      try {
        const outcomes = await loop.submit<T>(commands);
        count(commands, outcomes);
        return outcomes;
      } catch (fault) {
        for (const { type } of commands) metrics.commandDecided(type, 'fault');
        throw fault;
      }
    },
    drain: () => loop.drain(),
  };
}
