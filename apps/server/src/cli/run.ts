import type { Env } from '../configValues.js';
import { DatabaseAway } from '../databaseFaults.js';
import { misconfigurationIn } from '../misconfiguration.js';
import { exitCodes, Unavailable, UsageError } from './command.js';
import type { Command, Terminal } from './command.js';

export type Commands = Readonly<Record<string, Command>>;

/** Runs the command that the line names; answers the exit code, whatever happens. */
export async function runCli(
  commands: Commands,
  [name, ...args]: readonly string[],
  env: Env,
  terminal: Terminal,
): Promise<number> {
  if (name === '--help' || name === '-h') {
    terminal.out(overview(commands));
    return exitCodes.done;
  }
  const command = Object.hasOwn(commands, name ?? '') ? commands[name ?? ''] : undefined;
  if (command === undefined) {
    if (name !== undefined) terminal.err(`recalld: there is no command ${JSON.stringify(name)}`);
    terminal.err(overview(commands));
    return exitCodes.usage;
  }
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(command.usage);
    return exitCodes.done;
  }
  try {
    return await command.run(args, env, terminal);
  } catch (fault) {
    return told(fault, command, terminal);
  }
}

function told(fault: unknown, command: Command, { err }: Terminal): number {
  if (fault instanceof UsageError) {
    err(`recalld: ${fault.message}\n${command.usage}`);
    return exitCodes.usage;
  }
  if (fault instanceof Unavailable || fault instanceof DatabaseAway) {
    err(`recalld: ${fault.message}`);
    return exitCodes.unavailable;
  }
  const misconfiguration = misconfigurationIn(fault);
  if (misconfiguration !== undefined) {
    err(`recalld: ${misconfiguration}`);
    return exitCodes.misconfigured;
  }
  err(`recalld: ${fault instanceof Error ? fault.stack : String(fault)}`);
  return exitCodes.failed;
}

function overview(commands: Commands): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return [
    'usage: recalld COMMAND [OPTIONS]',
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    'recalld COMMAND --help tells more. The environment is the server’s: RECALLD_DATABASE_URL and the rest.',
  ].join('\n');
}
