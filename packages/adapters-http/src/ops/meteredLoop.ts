import type { CommandLoop, CommandOf, CommandType, Outcome } from '@recalld/domain';
import type { Metrics } from './metrics.js';

/** A command loop that counts what became of each command, and the messages recalled. */
export function meteredLoop(loop: CommandLoop, metrics: Metrics): CommandLoop {
  function count(commands: readonly CommandOf<CommandType>[], outcomes: readonly Outcome[]): void {
    outcomes.forEach((outcome, index) => {
      const command = commands[index];
      if (command !== undefined) metrics.commandDecided(command.type, outcome.ok ? 'accepted' : outcome.code);
      if (!outcome.ok) return;
      for (const event of outcome.events)
        if (event.type === 'MessageRecalled') metrics.messageRecalled(event);
    });
  }

  return {
    submit<T extends CommandType>(commands: readonly CommandOf<T>[]) {
      const submitted = loop.submit<T>(commands);
      // Whoever submitted waits for the loop itself, and hears of its faults.
      submitted.then(
        (outcomes) => count(commands, outcomes),
        () => {
          for (const { type } of commands) metrics.commandDecided(type, 'fault');
        },
      );
      return submitted;
    },
    drain: () => loop.drain(),
  };
}
