import type { Log } from '@recalld/domain';
import type { Terminal } from './command.js';

/** A log for the person at the terminal, in lines that begin with the command's name; the rest is for logs. */
export function createTerminalLog(command: string, { err }: Terminal): Log {
  const tell = (fields: object, message: string) => err(`${command}: ${message} ${JSON.stringify(fields)}`);
  return { debug: () => undefined, info: tell, warn: tell, error: tell };
}
